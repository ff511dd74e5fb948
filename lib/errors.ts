import type { Issue } from './issue.ts';

/** Every way Keelway can fail, by stable code; the prefix names the stage. Documented in docs/errors.md. */
export type ErrorCode =
  | 'USAGE_INVALID'
  | 'SPEC_INVALID'
  | 'SPEC_NOT_FOUND'
  | 'SPEC_UNSUPPORTED'
  | 'SECRETS_MISSING'
  | 'SECRETS_EXIST'
  | 'SECRETS_INVALID'
  | 'SECRETS_LOCKED'
  | 'SECRETS_MISMATCH'
  | 'PKI_KEY_INVALID'
  | 'PKI_SAN_EMPTY'
  | 'PKI_SAN_INVALID'
  | 'PKI_CLOCK_BACKWARDS'
  | 'PKI_LIFETIME_INVALID'
  | 'PKI_SIGNER_UNKNOWN'
  | 'PKI_LEAF_INVALID'
  | 'PLAN_INVALID'
  | 'PLAN_MACHINE_UNKNOWN'
  | 'PLAN_PATH_UNKNOWN'
  | 'PLAN_UNSUPPORTED'
  | 'ASSET_NOT_LOCKED'
  | 'ASSET_LOCK_INVALID'
  | 'IMAGE_NAME_INVALID'
  | 'IMAGE_NAME_DUPLICATE'
  | 'IMAGE_TOO_LARGE'
  | 'IMAGE_FORMAT_INVALID'
  | 'LOCK_BUSY'
  | 'OUTPUT_CONFLICT'
  | 'OUTPUT_UNWRITABLE'
  | 'INPUT_UNREADABLE'
  | 'LAB_INCOMPLETE'
  | 'LAB_UNSUPPORTED'
  | 'LAB_EXISTS'
  | 'LAB_NOT_FOUND'
  | 'LAB_FAILED'
  | 'TOOL_MISSING'
  | 'TOOL_FAILED';

export interface KeelwayErrorOptions {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint?: string | undefined;
  readonly cause?: unknown;
  readonly issues?: readonly Issue[] | undefined;
}

/**
 * The one error class of Keelway: a stable code, what happened, how to mend it, and the findings behind it.
 *
 * The message never contains secret material.
 */
export class KeelwayError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly issues: readonly Issue[];

  constructor(options: KeelwayErrorOptions) {
    super(options.message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = options.code;
    this.hint = options.hint;
    this.issues = options.issues ?? [];
  }
}
Object.defineProperty(KeelwayError.prototype, 'name', { value: 'KeelwayError' });

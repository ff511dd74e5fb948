import type { ErrorCode } from '../errors.ts';

/** Exit codes of the program. They are public: scripts may rely on them. */
export const EXIT = {
  ok: 0,
  unexpected: 1,
  invalidInput: 2,
  unsupported: 3,
  environment: 4,
  dependency: 5,
  localIo: 6,
  buildFailed: 7,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

const EXIT_OF_ERROR: Readonly<Record<ErrorCode, ExitCode>> = {
  USAGE_INVALID: EXIT.invalidInput,
  SPEC_INVALID: EXIT.invalidInput,
  SPEC_NOT_FOUND: EXIT.invalidInput,
  SPEC_UNSUPPORTED: EXIT.unsupported,
  SECRETS_MISSING: EXIT.invalidInput,
  SECRETS_EXIST: EXIT.invalidInput,
  SECRETS_INVALID: EXIT.invalidInput,
  SECRETS_LOCKED: EXIT.invalidInput,
  SECRETS_MISMATCH: EXIT.invalidInput,
  PKI_KEY_INVALID: EXIT.invalidInput,
  PKI_SAN_EMPTY: EXIT.buildFailed,
  PKI_SAN_INVALID: EXIT.buildFailed,
  PKI_CLOCK_BACKWARDS: EXIT.environment,
  PKI_LIFETIME_INVALID: EXIT.invalidInput,
  PKI_SIGNER_UNKNOWN: EXIT.buildFailed,
  PKI_LEAF_INVALID: EXIT.buildFailed,
  PLAN_INVALID: EXIT.buildFailed,
  PLAN_MACHINE_UNKNOWN: EXIT.invalidInput,
  PLAN_PATH_UNKNOWN: EXIT.invalidInput,
  PLAN_UNSUPPORTED: EXIT.unsupported,
  ASSET_NOT_LOCKED: EXIT.unsupported,
  ASSET_LOCK_INVALID: EXIT.invalidInput,
  IMAGE_NAME_INVALID: EXIT.buildFailed,
  IMAGE_NAME_DUPLICATE: EXIT.buildFailed,
  IMAGE_TOO_LARGE: EXIT.buildFailed,
  IMAGE_FORMAT_INVALID: EXIT.buildFailed,
  LOCK_BUSY: EXIT.localIo,
  OUTPUT_CONFLICT: EXIT.localIo,
  OUTPUT_UNWRITABLE: EXIT.localIo,
  INPUT_UNREADABLE: EXIT.localIo,
  LAB_INCOMPLETE: EXIT.environment,
  LAB_UNSUPPORTED: EXIT.unsupported,
  LAB_EXISTS: EXIT.invalidInput,
  LAB_NOT_FOUND: EXIT.invalidInput,
  LAB_FAILED: EXIT.dependency,
  TOOL_MISSING: EXIT.environment,
  TOOL_FAILED: EXIT.dependency,
};

/** Every error code has an exit code; a new one does not compile without. */
export function exitCodeOf(code: ErrorCode): ExitCode {
  return EXIT_OF_ERROR[code];
}

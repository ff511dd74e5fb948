/**
 * Which file the age identities are read from: the flag, then Keelway's own variable, then that of sops.
 *
 * @returns A path, never a key; null when the user named none.
 */
export function chooseIdentityFile(
  flag: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): string | null {
  return flag || environment.KEELWAY_AGE_IDENTITY_FILE || environment.SOPS_AGE_KEY_FILE || null;
}

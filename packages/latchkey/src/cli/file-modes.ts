/**
 * Who else on this machine may read what the server and the operator's commands make: data, keys, repositories, and all
 * that git writes for them.
 */

/**
 * Restricts the files that this process and its children make from now on: folders get mode 0700 and files 0600, or
 * 0750 and 0640 with `groupAccess`. A stricter umask stays in force.
 */
export function closeToOthers({ groupAccess }: { readonly groupAccess: boolean }): void {
  const taken = groupAccess ? 0o027 : 0o077;
  const before = process.umask(taken);
  process.umask(before | taken);
}

/**
 * Who else on this machine may read what the server and the operator's commands make: data, keys, repositories, and all
 * that git writes for them.
 */

/**
 * Takes rights from the files that this process and its children make from now on: folders get mode 0700 and files
 * 0600, with `groupAccess` 0750 and 0640. A umask that takes more stays in force.
 */
export function closeToOthers({ groupAccess }: { readonly groupAccess: boolean }): void {
  const taken = groupAccess ? 0o027 : 0o077;
  const before = process.umask(taken);
  process.umask(before | taken);
}

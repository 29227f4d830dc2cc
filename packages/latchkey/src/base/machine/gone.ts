/**
 * Files that may be gone meanwhile: git moves, packs and deletes what others read.
 *
 * Never: a file that can't be read (no descriptor left, a damaged disk) taken for one that isn't there. A quota would
 * count nothing, and a clone of everything would find nothing.
 */

/**
 * For `catch`: undefined when the file or folder isn't there.
 * @throws every other error
 */
export function unlessGone(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
  throw error;
}

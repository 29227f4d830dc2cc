/**
 * Files and folders in GitHub's words.
 *
 * Source: GitHub's OpenAPI description, schemas `content-file`, `content-directory`, `content-symlink`,
 * `content-submodule`, `content-tree`, `file-commit`.
 */
import type { TreeEntry } from '../../../git/objects/trees.ts';
import { encodedPath, type Place } from './place.ts';

const TYPES: Readonly<Record<string, string>> = { '040000': 'dir', '120000': 'symlink', '160000': 'submodule' };

/** The fields of every form of content. `revision` is from the request, for the addresses. */
export function entryBody(place: Place, entry: TreeEntry, revision: string) {
  const type = TYPES[entry.mode] ?? 'file';
  const path = encodedPath(entry.path);
  const self = `${place.url}/contents/${path}?ref=${encodeURIComponent(revision)}`;
  const git = type === 'submodule' ? null : `${place.url}/git/${entry.type}s/${entry.id}`;
  const html =
    type === 'submodule' ? null : `${place.html}/${type === 'dir' ? 'tree' : 'blob'}/${encodedPath(revision)}/${path}`;
  return {
    name: entry.path.slice(entry.path.lastIndexOf('/') + 1),
    path: entry.path,
    sha: entry.id,
    size: entry.sizeBytes ?? 0,
    type,
    url: self,
    html_url: html,
    git_url: git,
    download_url: type === 'file' || type === 'symlink' ? `${place.html}/raw/${encodedPath(revision)}/${path}` : null,
    _links: { self, git, html },
  };
}

/** A folder as an entry itself, for the `object` media type. `path` is '' for the root. */
export function folderBody(
  place: Place,
  folder: { path: string; id: string },
  entries: readonly TreeEntry[],
  revision: string,
) {
  const entry: TreeEntry = { mode: '040000', type: 'tree', id: folder.id, path: folder.path, sizeBytes: null };
  return { ...entryBody(place, entry, revision), entries: entries.map((one) => entryBody(place, one, revision)) };
}

/** Base64 in lines of 60 characters, as GitHub sends it. */
export function base64Lines(content: Buffer): string {
  return content.toString('base64').replace(/.{1,60}/g, '$&\n');
}

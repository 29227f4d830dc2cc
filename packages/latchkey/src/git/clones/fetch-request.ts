/**
 * What a protocol version 2 fetch asks for, as far as it determines whether two of them have the same answer.
 *
 * Source: git's documentation, gitprotocol-v2, "fetch". Objects are named by hash, so a request that names everything
 * it wants, and has nothing, gets the same answer for everybody until objects are deleted.
 */
import { createHash } from 'node:crypto';
import { DELIMITER, packetsOf } from '../protocol/pkt-lines.ts';

/** Lines that only identify the client. */
const ABOUT_THE_CLIENT = /^(?:agent|session-id)=/;
const CAPABILITY = /^(?:object-format=(?:sha1|sha256)|server-option=.*)$/;
/**
 * Arguments whose answer doesn't depend on where refs point: no `have` (a fetch into something), no `want-ref`, no
 * `deepen-not`.
 */
const ARGUMENTS = [
  /^(?:want|shallow) [0-9a-f]{40,64}$/,
  /^(?:done|thin-pack|no-progress|include-tag|ofs-delta|deepen-relative|sideband-all)$/,
  /^deepen(?:-since)? \d+$/,
  /^filter [\w:=.,+%-]+$/,
];

/**
 * A name for a request to list refs. Requests with the same answer at the same time have the same name; null for other
 * requests.
 */
export function listingKey(body: Buffer): string | null {
  const [command, ...lines] = packetsOf(body) ?? [];
  return command === 'command=ls-refs'
    ? hashOf(lines.map(String).filter((line) => !ABOUT_THE_CLIENT.test(line)))
    : null;
}

/**
 * A name for everything that the answer to a fetch depends on, the same for equal requests; null when the answer
 * depends on more than the request.
 */
export function fetchKey(body: Buffer): string | null {
  const [command, ...lines] = packetsOf(body) ?? [];
  const delimiter = lines.indexOf(DELIMITER);
  if (command !== 'command=fetch' || delimiter < 0) return null;
  const capabilities = lines
    .slice(0, delimiter)
    .map(String)
    .filter((line) => !ABOUT_THE_CLIENT.test(line));
  const args = lines.slice(delimiter + 1).map(String);
  if (
    !capabilities.every((line) => CAPABILITY.test(line)) ||
    !args.every((line) => ARGUMENTS.some((form) => form.test(line))) ||
    !args.includes('done')
  )
    return null;
  return hashOf([...capabilities, '', ...args]);
}

function hashOf(lines: readonly string[]): string {
  return createHash('sha256').update(lines.join('\n')).digest('base64url');
}

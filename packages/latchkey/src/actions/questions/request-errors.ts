/**
 * Why a request to a service is refused other than for lack of rights, in words for its reader: the person, or
 * whoever set up the proxy.
 */
import { MAX_JSON_DEPTH } from '../../base/requests/strict-json.ts';
import type { RequestFault } from './asked.ts';
import type { ForwardedRequestError } from './forwarded-requests.ts';
import { MAX_BATCH, MAX_BODY_BYTES } from './messages.ts';

/** Codes are part of the API. */
export const REQUEST_ERROR_WORDS = {
  path_absolute: 'The address must begin with a slash.',
  path_ambiguous:
    'The address can be read in more than one way: it has an empty segment, dots, a semicolon, or something that ' +
    'is encoded twice.',
  path_undecodable: 'The address has a percent sign that encodes nothing.',
  path_too_deep: 'The address has too many segments.',
  method_unreadable: 'That is not an HTTP method.',
  route_unknown: 'No route map says what this request needs, so it is refused.',
  target_unknown: 'The address does not tell whose resource it names, so it is refused.',
  header_unread: 'A header can turn this request into another one, and no route map says how to read it:',
  destination_missing: 'The request names no Destination, or the proxy does not pass it on.',
  destination_elsewhere: 'Destination must be a path, or an address on the host of the request.',
  header_unclear:
    'A header decides what this request needs, and came twice, or in a way that services read differently:',
  body_missing: 'The body decides what this request needs. It has none, or the proxy does not send it on.',
  body_incomplete: 'The body decides what this request needs, and did not come whole.',
  body_too_large: `The body decides what this request needs, and has more than ${MAX_BODY_BYTES / 1024} KiB.`,
  body_not_declared:
    'The body decides what this request needs, so it must be JSON: Content-Type: application/json, in UTF-8.',
  body_encoded: 'The body decides what this request needs, so it must come uncompressed, without Content-Encoding.',
  body_not_json: 'The body decides what this request needs, and is not valid JSON in UTF-8.',
  body_ambiguous:
    'The body decides what this request needs, and can be read in more than one way: a name comes twice, in other ' +
    'capitals, or without a text.',
  body_too_deep: `The body has objects and lists within each other, more than ${MAX_JSON_DEPTH} deep.`,
  body_no_object: 'The body must be a JSON object, or a list of objects.',
  body_batch: `A batch has between 1 and ${MAX_BATCH} messages.`,
  name_spelled_otherwise: 'It is spelled otherwise here:',
  sent_from_elsewhere:
    'A page of another site sent this with your session, so it is refused. Programs use a token instead of a session.',
} as const satisfies Record<ForwardedRequestError, string>;

/** A fault in one line. */
export function faultWords({ error, detail }: RequestFault): string {
  return detail === null ? REQUEST_ERROR_WORDS[error] : `${REQUEST_ERROR_WORDS[error]} ${detail}`;
}

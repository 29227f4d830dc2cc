/** Which of git's own tests are run, and which of them don't pass and why. */

export const SCRIPTS = [
  't5541',
  't5551',
  't5702',
  't5539',
  't5542',
  't5700',
  't5549',
  't5616',
  't5581',
  't5732',
  't5558',
] as const;

export interface Known {
  readonly script: (typeof SCRIPTS)[number];
  /** How the test's name begins. */
  readonly name: string;
  /** `missing`: a feature that a decision record leaves out. `by design`: this server answers otherwise, on purpose. */
  readonly kind: 'missing' | 'by design';
  readonly why: string;
  /** True when it leaves behind a setting that keeps the repository from being served: it is not run. */
  readonly isSkipped?: true;
}

const WHOLE = 'a repository that hides refs, borrows objects or has namespaces is not served (decision 0210)';
const NAMED = 'reflogs name the person who pushed, by their account (decision 0405)';
const PACKFILE_URIS = 'packfile-uris are not offered (decision 0721)';

const BUNDLE_URI = 'bundles are not announced (decision 0722)';

const row = (script: Known['script'], kind: Known['kind'], why: string, names: readonly string[]): Known[] =>
  names.map((name) => ({ script, name, kind, why }));

export const KNOWN: readonly Known[] = [
  ...row('t5541', 'missing', WHOLE, ['push --all to repo with alternates', 'push --mirror to repo with alternates']),
  ...row('t5541', 'by design', NAMED, [
    'http push gives sane defaults to reflog',
    'http push respects GIT_COMMITTER_* in reflog',
  ]),
  ...row('t5541', 'missing', 'signed pushes are not taken (decision 0405)', [
    'push with post-receive to inspect certificate',
  ]),
  ...row('t5551', 'by design', 'the answer has headers more, against misuse in browsers', ['clone http repository']),
  ...row('t5551', 'missing', WHOLE, [
    'smart clone respects namespace',
    'dumb clone via http-backend respects namespace',
  ]),
  ...row('t5551', 'by design', 'any object of a repository may be fetched by its id, as protocol 2 has it', [
    'test allowreachablesha1inwant with unreachable',
    'test allowanysha1inwant with unreachable',
  ]),
  {
    script: 't5551',
    name: 'transfer.hiderefs works over smart-http',
    kind: 'missing',
    why: WHOLE,
    isSkipped: true,
  },
  ...row('t5702', 'missing', WHOLE, ['fetch from namespaced repo respects namespaces']),
  ...row('t5702', 'missing', PACKFILE_URIS, [
    'part of packfile response provided as URI',
    'fetching with valid packfile URI but invalid hash fails',
    'packfile-uri with transfer.fsckobjects',
    'packfile-uri with transfer.fsckobjects succeeds when .gitmodules is separate from tree',
    'packfile-uri path redacted in trace',
    'packfile-uri path not redacted in trace when GIT_TRACE_REDACT=0',
  ]),
  ...row('t5732', 'missing', BUNDLE_URI, [
    'connect with http:// using protocol v2: have bundle-uri',
    'clone with http:// using protocol v2: request bundle-uris',
    'test bundle-uri with http:// using protocol v2',
  ]),
  ...row('t5549', 'missing', WHOLE, [
    'push without negotiation (for comparing object counts with the next test)',
    'push with negotiation',
    'push with negotiation proceeds anyway even if negotiation fails',
  ]),
];

/**
 * Issuers of workload identities that are known by name: what their tokens (JWTs) say of a run, which claims name
 * something for good, and which runs strangers can start.
 *
 * Sources: GitHub docs "OpenID Connect reference", GitLab docs "ID token authentication", Kubernetes' "Managing service
 * accounts", Buildkite and CircleCI docs on OIDC, Forgejo's "enable-openid-connect", SPIFFE's JWT-SVID.
 * To add one: its row here, and its line in docs/machines.md.
 */

/** Runs that a stranger can start, or step into, by a claim of theirs. */
interface RefusedRuns {
  readonly claim: string;
  readonly values: readonly string[];
  /** True when a token without the claim is refused, too: the issuer always sends it. */
  readonly isNeeded: boolean;
}

export interface IssuerPreset {
  readonly label: string;
  /** The only issuer there is; null = each installation has its own. */
  readonly issuer: string | null;
  /** What one looks like. */
  readonly example: string;
  /** One of these must be in every rule with whole values: names return to others, these don't. None = any claim. */
  readonly ids: readonly string[];
  readonly refuses: RefusedRuns | null;
  /** Who acts, in logs: the program. */
  readonly agent: string;
  /** Claims that name the run, joined by a slash. */
  readonly session: readonly string[];
  /** Claims that are kept with the token, besides the subject. */
  readonly shown: readonly string[];
  /** False where one token is handed out again and again until it ends, so that it must be good for several times. */
  readonly isSingleUse: boolean;
}

const ACTIONS: Omit<IssuerPreset, 'label' | 'issuer' | 'example' | 'agent'> = {
  ids: ['repository_id', 'repository_owner_id'],
  refuses: { claim: 'event_name', values: ['pull_request', 'pull_request_target', 'workflow_run'], isNeeded: true },
  session: ['run_id', 'run_attempt'],
  shown: [
    'repository',
    'repository_id',
    'ref',
    'sha',
    'event_name',
    'environment',
    'workflow_ref',
    'job_workflow_ref',
    'actor',
    'run_id',
    'run_attempt',
  ],
  isSingleUse: true,
};

const ISSUER_PRESETS = {
  github: {
    ...ACTIONS,
    label: 'GitHub Actions',
    issuer: 'https://token.actions.githubusercontent.com',
    example: 'https://token.actions.githubusercontent.com',
    agent: 'github-actions',
  },
  gitlab: {
    label: 'GitLab CI',
    issuer: null,
    example: 'https://gitlab.com',
    ids: ['project_id', 'namespace_id'],
    refuses: {
      claim: 'pipeline_source',
      values: ['merge_request_event', 'external_pull_request_event'],
      isNeeded: true,
    },
    agent: 'gitlab-ci',
    session: ['pipeline_id', 'job_id'],
    shown: ['project_path', 'project_id', 'ref_path', 'ref_protected', 'sha', 'environment', 'user_login', 'job_id'],
    isSingleUse: true,
  },
  kubernetes: {
    label: 'Kubernetes',
    issuer: null,
    example: 'https://kubernetes.default.svc.cluster.local',
    ids: ['sub', 'kubernetes.io/serviceaccount/uid'],
    refuses: null,
    agent: 'kubernetes',
    session: ['kubernetes.io/pod/uid'],
    shown: [
      'kubernetes.io/namespace',
      'kubernetes.io/serviceaccount/name',
      'kubernetes.io/serviceaccount/uid',
      'kubernetes.io/pod/name',
    ],
    isSingleUse: false,
  },
  forgejo: {
    ...ACTIONS,
    label: 'Forgejo Actions',
    issuer: null,
    example: 'https://codeberg.org/api/actions',
    agent: 'forgejo-actions',
  },
  buildkite: {
    label: 'Buildkite',
    issuer: 'https://agent.buildkite.com',
    example: 'https://agent.buildkite.com',
    ids: ['organization_id', 'pipeline_id'],
    refuses: null,
    agent: 'buildkite',
    session: ['job_id'],
    shown: ['organization_slug', 'pipeline_slug', 'build_number', 'build_branch', 'build_commit', 'step_key', 'job_id'],
    isSingleUse: true,
  },
  circleci: {
    label: 'CircleCI',
    issuer: null,
    example: 'https://oidc.circleci.com/org/ORGANIZATION_ID',
    ids: ['oidc.circleci.com/project-id'],
    refuses: { claim: 'oidc.circleci.com/ssh-rerun', values: ['true'], isNeeded: false },
    agent: 'circleci',
    session: ['oidc.circleci.com/job-id'],
    shown: ['oidc.circleci.com/project-id', 'oidc.circleci.com/vcs-origin', 'oidc.circleci.com/vcs-ref'],
    isSingleUse: true,
  },
  spiffe: {
    label: 'SPIFFE',
    issuer: null,
    example: 'https://oidc.example.org',
    ids: ['sub'],
    refuses: null,
    agent: 'spiffe',
    session: [],
    shown: [],
    isSingleUse: false,
  },
  other: {
    label: 'Another issuer',
    issuer: null,
    example: 'https://issuer.example.org',
    ids: [],
    refuses: null,
    agent: 'workload',
    session: [],
    shown: [],
    isSingleUse: true,
  },
} as const satisfies Readonly<Record<string, IssuerPreset>>;

export type PresetName = keyof typeof ISSUER_PRESETS;

export const PRESET_NAMES = Object.keys(ISSUER_PRESETS) as readonly PresetName[];

export function isPresetName(name: string): name is PresetName {
  return Object.hasOwn(ISSUER_PRESETS, name);
}

export function presetOf(name: PresetName): IssuerPreset {
  return ISSUER_PRESETS[name];
}

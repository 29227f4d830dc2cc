/**
 * A repository as a node: what its row tells whoever may see it, as over REST.
 *
 * Features that this server doesn't have are off, empty or null, under the names by which clients ask for all of a
 * repository at once.
 */
import type { Account } from '../../../actions/accounts/accounts.ts';
import type { Repository } from '../../../actions/repositories/target.ts';
import { sshUrlOf } from '../../../actions/repositories/view.ts';
import { isoInstant } from '../../../base/time.ts';
import type { RepositoryRole } from '../../../catalogue/roles.ts';
import { htmlUrl, nodeId } from '../present/accounts.ts';
import { type AccountNode, accountNode } from './account-node.ts';
import type { Asking, Subject } from './asking.ts';
import { NOTHING } from './lists.ts';

/** A repository that the caller may see. */
export interface SeenRepository {
  readonly owner: Account;
  readonly repository: Repository;
  readonly role: RepositoryRole | null;
}

export interface RepositoryNode {
  readonly __typename: 'Repository';
  readonly seen: SeenRepository;
  readonly subject: Subject;
  readonly id: string;
  readonly name: string;
  readonly owner: AccountNode;
}

const PERMISSIONS = { read: 'READ', triage: 'TRIAGE', write: 'WRITE', maintain: 'MAINTAIN', admin: 'ADMIN' } as const;
const EMPTY_SIZED = { ...NOTHING, totalSize: 0 };
const EMPTY_USED = { ...NOTHING, totalDiskUsage: 0 };

/** What no repository has here. */
const WITHOUT = {
  isDisabled: false,
  isFork: false,
  isLocked: false,
  isMirror: false,
  isTemplate: false,
  lockReason: null,
  viewerCanCreateProjects: false,
  viewerCanSubscribe: false,
  viewerCanUpdateTopics: false,
  viewerHasStarred: false,
  viewerSubscription: 'UNSUBSCRIBED',
  viewerDefaultCommitEmail: null,
  viewerPossibleCommitEmails: null,
  viewerDefaultMergeMethod: 'MERGE',
  parent: null,
  templateRepository: null,
  forkCount: 0,
  stargazerCount: 0,
  forks: EMPTY_USED,
  watchers: NOTHING,
  stargazers: NOTHING,
  hasIssuesEnabled: false,
  hasProjectsEnabled: false,
  hasWikiEnabled: false,
  hasDiscussionsEnabled: false,
  hasVulnerabilityAlertsEnabled: false,
  hasSponsorshipsEnabled: false,
  mergeCommitAllowed: true,
  squashMergeAllowed: true,
  rebaseMergeAllowed: true,
  autoMergeAllowed: false,
  allowUpdateBranch: false,
  forkingAllowed: false,
  deleteBranchOnMerge: false,
  webCommitSignoffRequired: false,
  isBlankIssuesEnabled: false,
  isSecurityPolicyEnabled: false,
  isUserConfigurationRepository: false,
  usesCustomOpenGraphImage: false,
  mirrorUrl: null,
  securityPolicyUrl: null,
  tempCloneToken: null,
  issue: null,
  issues: NOTHING,
  pullRequest: null,
  pullRequests: NOTHING,
  label: null,
  labels: NOTHING,
  milestone: null,
  milestones: NOTHING,
  release: null,
  releases: NOTHING,
  latestRelease: null,
  assignableUsers: NOTHING,
  mentionableUsers: NOTHING,
  projects: NOTHING,
  projectsV2: NOTHING,
  repositoryTopics: NOTHING,
  languages: EMPTY_SIZED,
  primaryLanguage: null,
  licenseInfo: null,
  codeOfConduct: null,
  issueTemplates: [],
  pullRequestTemplates: [],
  contactLinks: [],
  fundingLinks: [],
  mergeQueue: null,
  rulesets: NOTHING,
} as const;

/** A repository as a node. `subject`: what further questions about it are about. */
export function repositoryNode(asking: Asking, seen: SeenRepository, subject?: Subject): RepositoryNode {
  const { owner, repository, role } = seen;
  const { name, visibility, archivedAt, createdAt, pushedAt, updatedAt } = repository;
  const url = `${htmlUrl(asking.apiUrl)}/${owner.login}/${name}`;
  const own = {
    databaseId: repository.id,
    nameWithOwner: `${owner.login}/${name}`,
    description: repository.description === '' ? null : repository.description,
    homepageUrl: repository.homepage === '' ? null : repository.homepage,
    url,
    resourcePath: `/${owner.login}/${name}`,
    // Without SSH, the address that works.
    sshUrl: sshUrlOf(asking.ctx, seen) ?? `${url}.git`,
    createdAt: isoInstant(createdAt),
    // A repository without a push shows its creation time, as on GitHub.
    pushedAt: isoInstant(pushedAt ?? createdAt),
    updatedAt: isoInstant(updatedAt),
    archivedAt: archivedAt === null ? null : isoInstant(archivedAt),
    isArchived: archivedAt !== null,
    isInOrganization: owner.kind === 'organization',
    isPrivate: visibility !== 'public',
    visibility: visibility.toUpperCase(),
    viewerPermission: role === null ? null : PERMISSIONS[role],
    viewerCanAdminister: role === 'admin',
    openGraphImageUrl: `${htmlUrl(asking.apiUrl)}/avatars/${owner.id}`,
  };
  return {
    ...WITHOUT,
    ...own,
    __typename: 'Repository',
    seen,
    subject: subject ?? { kind: 'repository', owner: owner.login, name },
    id: nodeId('Repository', repository.id),
    name,
    owner: accountNode(asking, owner),
  };
}

/**
 * Repositories, and what is in them.
 *
 * Source: GitHub's public GraphQL schema; every name and type is as there, and a test compares them.
 */
export const REPOSITORIES = `
type Repository implements Node {
  id: ID! databaseId: Int name: String! nameWithOwner: String! owner: RepositoryOwner! description: String
  homepageUrl: URI url: URI! resourcePath: URI! sshUrl: GitSSHRemote! createdAt: DateTime! pushedAt: DateTime
  updatedAt: DateTime! archivedAt: DateTime isArchived: Boolean! isDisabled: Boolean! isEmpty: Boolean!
  isFork: Boolean! isInOrganization: Boolean! isLocked: Boolean! isMirror: Boolean! isPrivate: Boolean!
  isTemplate: Boolean! visibility: RepositoryVisibility! lockReason: RepositoryLockReason diskUsage: Int
  viewerPermission: RepositoryPermission viewerCanAdminister: Boolean! viewerCanCreateProjects: Boolean!
  viewerCanSubscribe: Boolean! viewerCanUpdateTopics: Boolean! viewerHasStarred: Boolean!
  viewerSubscription: SubscriptionState viewerDefaultCommitEmail: String viewerPossibleCommitEmails: [String!]
  viewerDefaultMergeMethod: PullRequestMergeMethod! defaultBranchRef: Ref parent: Repository
  templateRepository: Repository forkCount: Int! stargazerCount: Int! hasIssuesEnabled: Boolean!
  hasProjectsEnabled: Boolean! hasWikiEnabled: Boolean! hasDiscussionsEnabled: Boolean!
  hasVulnerabilityAlertsEnabled: Boolean! hasSponsorshipsEnabled: Boolean! mergeCommitAllowed: Boolean!
  squashMergeAllowed: Boolean! rebaseMergeAllowed: Boolean! autoMergeAllowed: Boolean! allowUpdateBranch: Boolean!
  forkingAllowed: Boolean! deleteBranchOnMerge: Boolean! webCommitSignoffRequired: Boolean!
  isBlankIssuesEnabled: Boolean! isSecurityPolicyEnabled: Boolean isUserConfigurationRepository: Boolean!
  usesCustomOpenGraphImage: Boolean! openGraphImageUrl: URI! mirrorUrl: URI securityPolicyUrl: URI
  tempCloneToken: String latestRelease: Release primaryLanguage: Language licenseInfo: License
  codeOfConduct: CodeOfConduct issueTemplates: [IssueTemplate!] pullRequestTemplates: [PullRequestTemplate!]
  contactLinks: [RepositoryContactLink!] fundingLinks: [FundingLink!]!
  ref(qualifiedName: String!): Ref
  refs(
    after: String, before: String, direction: OrderDirection, first: Int, last: Int, orderBy: RefOrder, query:
    String, refPrefix: String!
  ): RefConnection
  object(expression: String, oid: GitObjectID): GitObject
  forks(
    affiliations: [RepositoryAffiliation], after: String, before: String, first: Int, hasIssuesEnabled: Boolean,
    isLocked: Boolean, last: Int, orderBy: RepositoryOrder, ownerAffiliations: [RepositoryAffiliation] =
    [OWNER,COLLABORATOR], privacy: RepositoryPrivacy, visibility: RepositoryVisibility
  ): RepositoryConnection!
  watchers(after: String, before: String, first: Int, last: Int): UserConnection!
  stargazers(after: String, before: String, first: Int, last: Int): StargazerConnection!
  issue(number: Int!): Issue
  issues(
    after: String, before: String, filterBy: IssueFilters, first: Int, labels: [String!], last: Int, orderBy:
    IssueOrder, states: [IssueState!]
  ): IssueConnection!
  pullRequest(number: Int!): PullRequest
  pullRequests(
    after: String, baseRefName: String, before: String, first: Int, headRefName: String, labels: [String!], last:
    Int, orderBy: IssueOrder, states: [PullRequestState!]
  ): PullRequestConnection!
  labels(after: String, before: String, first: Int, last: Int, query: String): LabelConnection
  label(name: String!): Label
  milestones(
    after: String, before: String, first: Int, last: Int, query: String, states: [MilestoneState!]
  ): MilestoneConnection
  milestone(number: Int!): Milestone
  releases(after: String, before: String, first: Int, last: Int, orderBy: ReleaseOrder): ReleaseConnection!
  release(tagName: String!): Release
  assignableUsers(after: String, before: String, first: Int, last: Int, query: String): UserConnection!
  mentionableUsers(after: String, before: String, first: Int, last: Int, query: String): UserConnection!
  projects(
    after: String, before: String, first: Int, last: Int, search: String, states: [ProjectState!]
  ): ProjectConnection!
  projectsV2(after: String, before: String, first: Int, last: Int, query: String): ProjectV2Connection!
  repositoryTopics(after: String, before: String, first: Int, last: Int): RepositoryTopicConnection!
  languages(after: String, before: String, first: Int, last: Int): LanguageConnection
  mergeQueue(branch: String): MergeQueue
  rulesets(
    after: String, before: String, first: Int, includeParents: Boolean = true, last: Int, targets:
    [RepositoryRulesetTarget!] = null
  ): RepositoryRulesetConnection
}
type Ref implements Node {
  id: ID! name: String! prefix: String! target: GitObject repository: Repository!
  branchProtectionRule: BranchProtectionRule
  associatedPullRequests(
    after: String, baseRefName: String, before: String, first: Int, headRefName: String, labels: [String!], last:
    Int, orderBy: IssueOrder, states: [PullRequestState!]
  ): PullRequestConnection!
}
interface GitObject {
  id: ID! oid: GitObjectID! abbreviatedOid: String! commitUrl: URI! commitResourcePath: URI!
  repository: Repository!
}
type Commit implements GitObject & Node {
  id: ID! oid: GitObjectID! abbreviatedOid: String! commitUrl: URI! commitResourcePath: URI! url: URI!
  resourcePath: URI! repository: Repository! message: String! messageHeadline: String! messageBody: String!
  author: GitActor committer: GitActor authoredDate: DateTime! committedDate: DateTime! tree: Tree!
  tarballUrl: URI! zipballUrl: URI!
  associatedPullRequests(after: String, before: String, first: Int, last: Int): PullRequestConnection
}
type Tag implements GitObject & Node {
  id: ID! oid: GitObjectID! abbreviatedOid: String! commitUrl: URI! commitResourcePath: URI!
  repository: Repository! name: String! message: String tagger: GitActor target: GitObject!
}
type Tree implements GitObject & Node {
  id: ID! oid: GitObjectID! abbreviatedOid: String! commitUrl: URI! commitResourcePath: URI!
  repository: Repository! entries: [TreeEntry!]
}
type TreeEntry {
  name: String! path: String mode: Int! type: String! oid: GitObjectID! object: GitObject size: Int!
  extension: String
}
type Blob implements GitObject & Node {
  id: ID! oid: GitObjectID! abbreviatedOid: String! commitUrl: URI! commitResourcePath: URI!
  repository: Repository! byteSize: Int! isBinary: Boolean isTruncated: Boolean! text: String
}
type GitActor {
  name: String email: String date: GitTimestamp user: User
  avatarUrl(size: Int): URI!
}
`;

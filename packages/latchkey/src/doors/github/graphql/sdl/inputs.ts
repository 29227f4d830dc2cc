/**
 * Scalars, choices, and what mutations take and answer.
 *
 * Source: GitHub's public GraphQL schema; every name and type is as there, and a test compares them.
 */
export const INPUTS = `
scalar DateTime scalar URI scalar GitObjectID scalar GitSSHRemote scalar GitTimestamp scalar Base64String
enum RepositoryPermission { ADMIN MAINTAIN READ TRIAGE WRITE }
enum RepositoryVisibility { INTERNAL PRIVATE PUBLIC }
enum RepositoryPrivacy { PRIVATE PUBLIC }
enum RepositoryAffiliation { COLLABORATOR ORGANIZATION_MEMBER OWNER }
enum RepositoryOrderField { CREATED_AT NAME PUSHED_AT STARGAZERS UPDATED_AT }
enum OrderDirection { ASC DESC }
enum RefOrderField { ALPHABETICAL TAG_COMMIT_DATE }
enum SubscriptionState { IGNORED SUBSCRIBED UNSUBSCRIBED }
enum PullRequestMergeMethod { MERGE REBASE SQUASH }
enum SearchType { DISCUSSION ISSUE REPOSITORY USER }
enum IssueOrderField { COMMENTS CREATED_AT UPDATED_AT }
enum IssueState { CLOSED OPEN }
enum ReleaseOrderField { CREATED_AT NAME }
enum RepositoryLockReason { BILLING MIGRATING MOVING RENAME TRADE_RESTRICTION TRANSFERRING_OWNERSHIP }
enum PullRequestState { CLOSED MERGED OPEN }
enum ProjectState { CLOSED OPEN }
enum MilestoneState { CLOSED OPEN }
enum RuleEnforcement { ACTIVE DISABLED EVALUATE }
enum RepositoryRulesetTarget { BRANCH PUSH REPOSITORY TAG }
input RepositoryOrder {
  direction: OrderDirection! field: RepositoryOrderField!
}
input RefOrder {
  direction: OrderDirection! field: RefOrderField!
}
input IssueOrder {
  direction: OrderDirection! field: IssueOrderField!
}
input IssueFilters {
  assignee: String createdBy: String labels: [String!] mentioned: String milestone: String milestoneNumber: String
  since: DateTime states: [IssueState!] viewerSubscribed: Boolean = false
}
input ReleaseOrder {
  direction: OrderDirection! field: ReleaseOrderField!
}
input CreateRepositoryInput {
  clientMutationId: String description: String hasIssuesEnabled: Boolean = true hasWikiEnabled: Boolean = false
  homepageUrl: URI name: String! ownerId: ID teamId: ID template: Boolean = false visibility:
  RepositoryVisibility!
}
input UpdateRepositoryInput {
  clientMutationId: String description: String hasDiscussionsEnabled: Boolean hasIssuesEnabled: Boolean
  hasProjectsEnabled: Boolean hasSponsorshipsEnabled: Boolean hasWikiEnabled: Boolean homepageUrl: URI name:
  String repositoryId: ID! template: Boolean
}
input ArchiveRepositoryInput {
  clientMutationId: String repositoryId: ID!
}
input UnarchiveRepositoryInput {
  clientMutationId: String repositoryId: ID!
}
input CreateCommitOnBranchInput {
  branch: CommittableBranch! clientMutationId: String expectedHeadOid: GitObjectID! fileChanges: FileChanges
  message: CommitMessage!
}
input CommittableBranch {
  branchName: String id: ID repositoryNameWithOwner: String
}
input CommitMessage {
  body: String headline: String!
}
input FileChanges {
  additions: [FileAddition!] = [] deletions: [FileDeletion!] = []
}
input FileAddition {
  contents: Base64String! path: String!
}
input FileDeletion {
  path: String!
}
input CreateRefInput {
  clientMutationId: String name: String! oid: GitObjectID! repositoryId: ID!
}
input UpdateRefInput {
  clientMutationId: String force: Boolean = false oid: GitObjectID! refId: ID!
}
input DeleteRefInput {
  clientMutationId: String refId: ID!
}
type CreateRepositoryPayload {
  clientMutationId: String repository: Repository
}
type UpdateRepositoryPayload {
  clientMutationId: String repository: Repository
}
type ArchiveRepositoryPayload {
  clientMutationId: String repository: Repository
}
type UnarchiveRepositoryPayload {
  clientMutationId: String repository: Repository
}
type CreateCommitOnBranchPayload {
  clientMutationId: String commit: Commit ref: Ref
}
type CreateRefPayload {
  clientMutationId: String ref: Ref
}
type UpdateRefPayload {
  clientMutationId: String ref: Ref
}
type DeleteRefPayload {
  clientMutationId: String
}
`;

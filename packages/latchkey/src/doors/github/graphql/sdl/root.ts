/**
 * Where a query begins: the caller, accounts, mutations.
 *
 * Source: GitHub's public GraphQL schema; every name and type is as there, and a test compares them.
 */
export const ROOT = `
type Query {
  viewer: User! meta: GitHubMetadata!
  user(login: String!): User
  organization(login: String!): Organization
  repositoryOwner(login: String!): RepositoryOwner
  repository(followRenames: Boolean = true, name: String!, owner: String!): Repository
  node(id: ID!): Node
  nodes(ids: [ID!]!): [Node]!
  search(
    after: String, before: String, first: Int, last: Int, query: String!, type: SearchType!
  ): SearchResultItemConnection!
  rateLimit(dryRun: Boolean = false): RateLimit
}
type Mutation {
  createRepository(input: CreateRepositoryInput!): CreateRepositoryPayload
  updateRepository(input: UpdateRepositoryInput!): UpdateRepositoryPayload
  archiveRepository(input: ArchiveRepositoryInput!): ArchiveRepositoryPayload
  unarchiveRepository(input: UnarchiveRepositoryInput!): UnarchiveRepositoryPayload
  createCommitOnBranch(input: CreateCommitOnBranchInput!): CreateCommitOnBranchPayload
  createRef(input: CreateRefInput!): CreateRefPayload
  updateRef(input: UpdateRefInput!): UpdateRefPayload
  deleteRef(input: DeleteRefInput!): DeleteRefPayload
}
interface Node {
  id: ID!
}
interface Actor {
  login: String! url: URI! resourcePath: URI!
  avatarUrl(size: Int): URI!
}
interface RepositoryOwner {
  id: ID! login: String! url: URI! resourcePath: URI!
  avatarUrl(size: Int): URI!
  repositories(
    affiliations: [RepositoryAffiliation], after: String, before: String, first: Int, hasIssuesEnabled: Boolean,
    isArchived: Boolean, isFork: Boolean, isLocked: Boolean, last: Int, orderBy: RepositoryOrder, ownerAffiliations:
    [RepositoryAffiliation] = [OWNER,COLLABORATOR], privacy: RepositoryPrivacy, visibility: RepositoryVisibility
  ): RepositoryConnection!
  repository(followRenames: Boolean = true, name: String!): Repository
}
type User implements Actor & Node & RepositoryOwner {
  id: ID! databaseId: Int login: String! name: String bio: String company: String location: String email: String!
  websiteUrl: URI url: URI! resourcePath: URI! createdAt: DateTime! updatedAt: DateTime! isViewer: Boolean!
  isSiteAdmin: Boolean! isEmployee: Boolean! viewerCanCreateProjects: Boolean!
  avatarUrl(size: Int): URI!
  repositories(
    affiliations: [RepositoryAffiliation], after: String, before: String, first: Int, hasIssuesEnabled: Boolean,
    isArchived: Boolean, isFork: Boolean, isLocked: Boolean, last: Int, orderBy: RepositoryOrder, ownerAffiliations:
    [RepositoryAffiliation] = [OWNER,COLLABORATOR], privacy: RepositoryPrivacy, visibility: RepositoryVisibility
  ): RepositoryConnection!
  repository(followRenames: Boolean = true, name: String!): Repository
  organizations(after: String, before: String, first: Int, last: Int): OrganizationConnection!
  organization(login: String!): Organization
}
type Organization implements Actor & Node & RepositoryOwner {
  id: ID! databaseId: Int login: String! name: String description: String location: String email: String
  websiteUrl: URI url: URI! resourcePath: URI! createdAt: DateTime! updatedAt: DateTime! isVerified: Boolean!
  requiresTwoFactorAuthentication: Boolean
  avatarUrl(size: Int): URI!
  repositories(
    affiliations: [RepositoryAffiliation], after: String, before: String, first: Int, hasIssuesEnabled: Boolean,
    isArchived: Boolean, isFork: Boolean, isLocked: Boolean, last: Int, orderBy: RepositoryOrder, ownerAffiliations:
    [RepositoryAffiliation] = [OWNER,COLLABORATOR], privacy: RepositoryPrivacy, visibility: RepositoryVisibility
  ): RepositoryConnection!
  repository(followRenames: Boolean = true, name: String!): Repository
  rulesets(
    after: String, before: String, first: Int, includeParents: Boolean = true, last: Int, targets:
    [RepositoryRulesetTarget!] = null
  ): RepositoryRulesetConnection
}
type RateLimit {
  cost: Int! limit: Int! nodeCount: Int! remaining: Int! resetAt: DateTime! used: Int!
}
type PageInfo {
  endCursor: String hasNextPage: Boolean! hasPreviousPage: Boolean! startCursor: String
}
type GitHubMetadata {
  isPasswordAuthenticationVerifiable: Boolean! hookIpAddresses: [String!] gitIpAddresses: [String!]
}
union SearchResultItem = Organization | Repository | User
`;

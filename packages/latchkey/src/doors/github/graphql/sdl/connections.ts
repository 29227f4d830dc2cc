/**
 * Lists in pages.
 *
 * Source: GitHub's public GraphQL schema; every name and type is as there, and a test compares them.
 */
export const CONNECTIONS = `
type RepositoryConnection {
  totalCount: Int! pageInfo: PageInfo! nodes: [Repository] edges: [RepositoryEdge] totalDiskUsage: Int!
}
type RepositoryEdge {
  cursor: String! node: Repository
}
type OrganizationConnection {
  totalCount: Int! pageInfo: PageInfo! nodes: [Organization] edges: [OrganizationEdge]
}
type OrganizationEdge {
  cursor: String! node: Organization
}
type RefConnection {
  totalCount: Int! pageInfo: PageInfo! nodes: [Ref] edges: [RefEdge]
}
type RefEdge {
  cursor: String! node: Ref
}
type UserConnection {
  totalCount: Int! pageInfo: PageInfo! nodes: [User] edges: [UserEdge]
}
type UserEdge {
  cursor: String! node: User
}
type IssueConnection {
  totalCount: Int! pageInfo: PageInfo! nodes: [Issue] edges: [IssueEdge]
}
type IssueEdge {
  cursor: String! node: Issue
}
type PullRequestConnection {
  totalCount: Int! pageInfo: PageInfo! nodes: [PullRequest] edges: [PullRequestEdge]
}
type PullRequestEdge {
  cursor: String! node: PullRequest
}
type LabelConnection {
  totalCount: Int! pageInfo: PageInfo! nodes: [Label] edges: [LabelEdge]
}
type LabelEdge {
  cursor: String! node: Label
}
type MilestoneConnection {
  totalCount: Int! pageInfo: PageInfo! nodes: [Milestone] edges: [MilestoneEdge]
}
type MilestoneEdge {
  cursor: String! node: Milestone
}
type ReleaseConnection {
  totalCount: Int! pageInfo: PageInfo! nodes: [Release] edges: [ReleaseEdge]
}
type ReleaseEdge {
  cursor: String! node: Release
}
type RepositoryTopicConnection {
  totalCount: Int! pageInfo: PageInfo! nodes: [RepositoryTopic] edges: [RepositoryTopicEdge]
}
type RepositoryTopicEdge {
  cursor: String! node: RepositoryTopic
}
type LanguageConnection {
  totalCount: Int! pageInfo: PageInfo! nodes: [Language] edges: [LanguageEdge] totalSize: Int!
}
type LanguageEdge {
  cursor: String! node: Language! size: Int!
}
type ProjectV2Connection {
  totalCount: Int! pageInfo: PageInfo! nodes: [ProjectV2] edges: [ProjectV2Edge]
}
type ProjectV2Edge {
  cursor: String! node: ProjectV2
}
type RepositoryRulesetConnection {
  totalCount: Int! pageInfo: PageInfo! nodes: [RepositoryRuleset] edges: [RepositoryRulesetEdge]
}
type RepositoryRulesetEdge {
  cursor: String! node: RepositoryRuleset
}
type ProjectConnection {
  totalCount: Int! pageInfo: PageInfo! nodes: [Project] edges: [ProjectEdge]
}
type ProjectEdge {
  cursor: String! node: Project
}
type StargazerConnection {
  totalCount: Int! pageInfo: PageInfo! nodes: [User] edges: [StargazerEdge]
}
type StargazerEdge {
  cursor: String! node: User!
}
type SearchResultItemConnection {
  repositoryCount: Int! userCount: Int! issueCount: Int! codeCount: Int! discussionCount: Int! wikiCount: Int!
  pageInfo: PageInfo! nodes: [SearchResultItem] edges: [SearchResultItemEdge]
}
type SearchResultItemEdge {
  cursor: String! node: SearchResultItem
}
`;

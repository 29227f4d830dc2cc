/**
 * Things that this server does not have: clients ask for them by name, and get empty lists or null.
 *
 * Source: GitHub's public GraphQL schema; every name and type is as there, and a test compares them.
 */
export const ABSENT = `
type RepositoryTopic implements Node {
  id: ID! topic: Topic! url: URI! resourcePath: URI!
}
type Topic implements Node {
  id: ID! name: String!
}
type Language implements Node {
  id: ID! name: String! color: String
}
type License implements Node {
  id: ID! key: String! name: String! nickname: String spdxId: String url: URI
}
type CodeOfConduct implements Node {
  id: ID! key: String! name: String! url: URI
}
type Release implements Node {
  id: ID! databaseId: Int name: String tagName: String! description: String isDraft: Boolean!
  isPrerelease: Boolean! isLatest: Boolean! publishedAt: DateTime createdAt: DateTime! url: URI!
}
type MergeQueue implements Node {
  id: ID! url: URI!
}
type Issue implements Node {
  id: ID! number: Int! state: IssueState! title: String! body: String! url: URI! createdAt: DateTime!
  updatedAt: DateTime!
}
type PullRequest implements Node {
  id: ID! number: Int! state: PullRequestState! title: String! body: String! url: URI! createdAt: DateTime!
  updatedAt: DateTime!
}
type Label implements Node {
  id: ID! name: String! color: String! description: String
}
type Milestone implements Node {
  id: ID! number: Int! title: String! description: String dueOn: DateTime url: URI!
}
type PullRequestTemplate {
  body: String filename: String
}
type IssueTemplate {
  name: String! title: String body: String about: String
}
enum FundingPlatform { CUSTOM GITHUB KO_FI OPEN_COLLECTIVE PATREON }
type FundingLink {
  platform: FundingPlatform! url: URI!
}
type RepositoryContactLink {
  about: String! name: String! url: URI!
}
type ProjectV2 implements Node {
  id: ID! number: Int! title: String! closed: Boolean! url: URI! resourcePath: URI!
}
type BranchProtectionRule implements Node {
  id: ID! pattern: String!
}
type RepositoryRuleset implements Node {
  id: ID! databaseId: Int name: String! target: RepositoryRulesetTarget enforcement: RuleEnforcement!
  createdAt: DateTime! updatedAt: DateTime!
}
type Project implements Node { id: ID! name: String! number: Int! body: String resourcePath: URI! }
`;

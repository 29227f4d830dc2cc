/** What an audit entry must name, where a test's own entries name nothing. */
export const NOTHING = {
  actorId: null,
  userId: null,
  organizationId: null,
  repositoryId: null,
  tokenId: null,
  actorTokenId: null,
  address: null,
  userAgent: null,
};

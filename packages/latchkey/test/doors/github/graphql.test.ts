/** GraphQL: what it answers, and that REST says the same. */
import { describe, expect, it } from 'vitest';
import { fill, graphqlWorld } from './graphql-world.ts';

describe('GraphQL answers', () => {
  it('who asks, and their organizations, as gh asks at a sign-in', async () => {
    const { data } = await graphqlWorld();
    expect(await data('query UserCurrent{viewer{login}}')).toEqual({ viewer: { login: 'Ada' } });
    const list =
      'query OrganizationList($user:String! $limit:Int! $endCursor:String){user(login:$user){login ' +
      'organizations(first:$limit after:$endCursor){totalCount nodes{login} pageInfo{hasNextPage endCursor}}}}';
    const { user } = await data(list, { user: 'Ada', limit: 30 });
    expect(user.organizations).toMatchObject({ totalCount: 1, nodes: [{ login: 'Acme' }] });
    // Nobody's memberships are public.
    expect((await data(list, { user: 'Bob', limit: 30 })).user.organizations.totalCount).toBe(0);
  });

  it('what REST says of the same repository, with the same id', async () => {
    const made = await graphqlWorld();
    const commit = fill(made, 'Acme', 'site');
    const { body: rest } = await made.ask('GET /repos/Acme/site', { token: made.ada });
    const { repository } = await made.data(
      `{repository(owner:"acme",name:"site"){id databaseId name nameWithOwner description isPrivate isArchived isEmpty
        visibility viewerPermission viewerCanAdminister url createdAt pushedAt updatedAt owner{id login}
        defaultBranchRef{name target{oid ... on Commit{message messageHeadline committedDate
          author{name user{login}}}}}}}`,
    );
    expect(repository).toEqual({
      id: rest.node_id,
      databaseId: rest.id,
      name: rest.name,
      nameWithOwner: rest.full_name,
      description: rest.description,
      isPrivate: rest.private,
      isArchived: rest.archived,
      isEmpty: false,
      visibility: 'PRIVATE',
      viewerPermission: 'ADMIN',
      viewerCanAdminister: true,
      url: rest.html_url,
      createdAt: rest.created_at,
      pushedAt: rest.pushed_at,
      updatedAt: rest.updated_at,
      owner: { id: rest.owner.node_id, login: 'Acme' },
      defaultBranchRef: {
        name: 'main',
        target: {
          oid: commit,
          message: 'First\n\nMore.',
          messageHeadline: 'First',
          committedDate: '2026-09-21T14:13:20Z',
          author: { name: 'Ada', user: { login: 'Ada' } },
        },
      },
    });
  });

  it('refs, tags, objects by expression and by id', async () => {
    const made = await graphqlWorld();
    const commit = fill(made, 'Acme', 'site');
    const { repository } = await made.data(
      `query($oid:GitObjectID!){repository(owner:"Acme",name:"site"){
        heads: refs(first:1,refPrefix:"refs/heads/",orderBy:{field:ALPHABETICAL,direction:DESC}){totalCount
          nodes{name prefix}
          pageInfo{hasNextPage endCursor}}
        tags: refs(first:10,refPrefix:"refs/tags/",orderBy:{field:TAG_COMMIT_DATE,direction:DESC}){nodes{version:name
          target{type:__typename ... on Tag{name message tagger{name email} target{oid}}}}}
        file: object(expression:"HEAD:README.md"){... on Blob{text byteSize isBinary isTruncated}}
        folder: object(expression:"main:"){... on Tree{entries{name type mode object{oid ... on Blob{text}}}}}
        commit: object(oid:$oid){oid ... on Commit{tree{entries{path}} associatedPullRequests(first:5){totalCount}}}
        absent: object(expression:"nope:README.md"){oid}
        ref(qualifiedName:"refs/tags/v1"){name prefix}
      }}`,
      { oid: commit },
    );
    expect(repository.heads).toMatchObject({ totalCount: 2, nodes: [{ name: 'next', prefix: 'refs/heads/' }] });
    expect(repository.tags.nodes).toEqual([
      {
        version: 'v1',
        target: {
          type: 'Tag',
          name: 'v1',
          message: 'One',
          tagger: { name: 'Ada', email: 'ada@example.org' },
          target: { oid: commit },
        },
      },
    ]);
    expect(repository.file).toEqual({ text: 'hello\n', byteSize: 6, isBinary: false, isTruncated: false });
    expect(repository.folder.entries).toMatchObject([{ name: 'README.md', type: 'blob', object: { text: 'hello\n' } }]);
    expect(repository.commit).toMatchObject({ oid: commit, tree: { entries: [{ path: 'README.md' }] } });
    expect([repository.absent, repository.ref]).toEqual([null, { name: 'v1', prefix: 'refs/tags/' }]);
    const next = await made.data(
      `query($after:String!){repository(owner:"Acme",name:"site"){refs(first:5,after:$after,refPrefix:"refs/heads/",
        orderBy:{field:ALPHABETICAL,direction:DESC}){nodes{name} pageInfo{hasNextPage hasPreviousPage}}}}`,
      { after: repository.heads.pageInfo.endCursor },
    );
    expect(next.repository.refs).toEqual({
      nodes: [{ name: 'main' }],
      pageInfo: { hasNextPage: false, hasPreviousPage: true },
    });
  });

  it('what Renovate asks of a repository first, word for word', async () => {
    const made = await graphqlWorld();
    fill(made, 'Acme', 'site');
    const { repository } = await made.data(
      `query($owner: String!, $name: String!, $user: String) { repository(owner: $owner, name: $name) { id sshUrl isFork
        parent { nameWithOwner } isArchived nameWithOwner hasIssuesEnabled hasVulnerabilityAlertsEnabled
        autoMergeAllowed mergeCommitAllowed rebaseMergeAllowed squashMergeAllowed mergeQueue { id }
        defaultBranchRef { name target { oid } }
        issues(orderBy: { field: UPDATED_AT, direction: DESC }, filterBy: { createdBy: $user }, first: 5) {
          nodes { number state title body updatedAt } } } }`,
      { owner: 'Acme', name: 'site', user: 'Ada' },
    );
    expect(repository).toMatchObject({
      nameWithOwner: 'Acme/site',
      isFork: false,
      parent: null,
      mergeQueue: null,
      issues: { nodes: [] },
      defaultBranchRef: { name: 'main', target: { oid: expect.stringMatching(/^[0-9a-f]{40}$/) } },
    });
  });

  it('lists of repositories, a page after the other, forwards and backwards', async () => {
    const made = await graphqlWorld();
    for (const name of ['a', 'b', 'c'])
      await made.ask('POST /user/repos', { token: made.ada, body: { name, private: name !== 'b' } });
    const page = (args: string) =>
      made.data(
        `{viewer{repositories(${args},orderBy:{field:NAME,direction:ASC}){totalCount nodes{name}
          edges{cursor node{name}}
          pageInfo{startCursor endCursor hasNextPage hasPreviousPage}}}}`,
      );
    const names = ({ viewer }: { viewer: { repositories: { nodes: { name: string }[] } } }): string[] =>
      viewer.repositories.nodes.map(({ name }) => name);
    const first = await page('first:2');
    expect([names(first), first.viewer.repositories.totalCount]).toEqual([['a', 'b'], 3]);
    const { endCursor } = first.viewer.repositories.pageInfo;
    expect(names(await page(`first:2,after:"${endCursor}"`))).toEqual(['c']);
    expect(names(await page('last:2'))).toEqual(['b', 'c']);
    expect(names(await page(`last:5,before:"${endCursor}"`))).toEqual(['a']);
    expect(names(await page('first:5,privacy:PUBLIC'))).toEqual(['b']);
    expect(names(await page('first:5,isFork:true'))).toEqual([]);
    // A row that is gone leaves its place.
    await made.ask('DELETE /repos/Ada/b', {
      token: (await made.token('Ada', { kind: 'classic', scopes: ['repo', 'delete_repo'] })).secret,
    });
    expect(names(await page(`first:2,after:"${endCursor}"`))).toEqual(['c']);
    const wide = await made.data(
      '{viewer{repositories(first:9,affiliations:[OWNER,ORGANIZATION_MEMBER],' +
        'ownerAffiliations:[OWNER,ORGANIZATION_MEMBER]){nodes{nameWithOwner}}} ' +
        'organization(login:"acme"){repositories(first:9){nodes{name}}}}',
    );
    expect(wide.viewer.repositories.nodes.map((one: { nameWithOwner: string }) => one.nameWithOwner)).toEqual(
      expect.arrayContaining(['Ada/a', 'Acme/site', 'Acme/docs']),
    );
    expect(wide.organization.repositories.nodes).toHaveLength(2);
  });

  it('a search for repositories, by words and GitHub’s qualifiers', async () => {
    const { data } = await graphqlWorld();
    const found = async (query: string): Promise<string[]> =>
      (
        await data(
          `query($q:String!){search(type:REPOSITORY,query:$q,first:10){repositoryCount nodes{
          ... on Repository{nameWithOwner}}}}`,
          { q: query },
        )
      ).search.nodes.map((one: { nameWithOwner: string }) => one.nameWithOwner);
    expect(await found('site')).toEqual(['Acme/site']);
    expect(await found('user:acme is:public sort:updated-desc fork:true')).toEqual(['Acme/docs']);
    expect(await found('user:@me archived:false')).toEqual([]);
    expect(await found('topic:security')).toEqual([]);
  });

  it('a question twice, in a renamed repository, by node id', async () => {
    const made = await graphqlWorld();
    const { viewer, repository } = await made.data('{viewer{id} repository(owner:"Acme",name:"site"){id}}');
    const { node, nodes } = await made.data(
      'query($id:ID!,$ids:[ID!]!){node(id:$id){id ... on User{login}} ' +
        'nodes(ids:$ids){__typename ... on Repository{name}}}',
      { id: viewer.id, ids: [repository.id, viewer.id] },
    );
    expect(node.login).toBe('Ada');
    expect(nodes).toEqual([{ __typename: 'Repository', name: 'site' }, { __typename: 'User' }]);
  });
});

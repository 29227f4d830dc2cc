/** GraphQL: what it changes. */
import { describe, expect, it } from 'vitest';
import { fill, graphqlWorld } from './graphql-world.ts';

describe('GraphQL changes', () => {
  it('make, change, archive and free a repository, as gh does', async () => {
    const made = await graphqlWorld();
    const create =
      'mutation RepositoryCreate($input: CreateRepositoryInput!){createRepository(input:$input){clientMutationId ' +
      'repository{id name owner{login} url}}}';
    const input = {
      name: 'new',
      visibility: 'PRIVATE',
      description: 'x',
      hasIssuesEnabled: true,
      clientMutationId: '7',
    };
    const { createRepository } = await made.data(create, { input });
    expect(createRepository).toMatchObject({
      clientMutationId: '7',
      repository: { name: 'new', owner: { login: 'Ada' } },
    });
    const { id } = createRepository.repository;
    const { body: org } = await made.ask('GET /orgs/Acme', { token: made.ada });
    const inOrg = await made.data(create, { input: { ...input, name: 'ours', ownerId: org.node_id } });
    expect(inOrg.createRepository.repository.owner.login).toBe('Acme');
    const changed = await made.data(
      `mutation($id:ID!){
        updateRepository(input:{repositoryId:$id,description:"y",name:"newer"}){repository{name description}}
        archiveRepository(input:{repositoryId:$id}){repository{isArchived}}
        unarchiveRepository(input:{repositoryId:$id}){repository{isArchived name}}
      }`,
      { id },
    );
    expect(changed).toEqual({
      updateRepository: { repository: { name: 'newer', description: 'y' } },
      archiveRepository: { repository: { isArchived: true } },
      unarchiveRepository: { repository: { isArchived: false, name: 'newer' } },
    });
    const again = await made.graphql(create, { token: made.ada, variables: { input: { ...input, name: 'newer' } } });
    expect(again.body).toMatchObject({
      data: { createRepository: null },
      errors: [{ type: 'UNPROCESSABLE', path: ['createRepository'], message: expect.stringContaining('already') }],
    });
  });

  it('commit several files at once, unless the branch has moved', async () => {
    const made = await graphqlWorld();
    const head = fill(made, 'Acme', 'site');
    const commit =
      'mutation($input:CreateCommitOnBranchInput!){createCommitOnBranch(input:$input){' +
      'commit{oid url message} ref{name}}}';
    const input = {
      branch: { repositoryNameWithOwner: 'Acme/site', branchName: 'main' },
      expectedHeadOid: head,
      message: { headline: 'Two files', body: 'and one less' },
      fileChanges: {
        additions: [
          { path: 'a.txt', contents: Buffer.from('a').toString('base64') },
          { path: 'docs/b.txt', contents: Buffer.from('b').toString('base64') },
        ],
        deletions: [{ path: 'README.md' }],
      },
    };
    const { createCommitOnBranch: made1 } = await made.data(commit, { input });
    expect(made1).toMatchObject({ commit: { message: 'Two files\n\nand one less' }, ref: { name: 'main' } });
    const tree = await made.data(
      '{repository(owner:"Acme",name:"site"){object(expression:"main:"){... on Tree{entries{name}}}}}',
    );
    expect(tree.repository.object.entries.map(({ name }: { name: string }) => name)).toEqual(['a.txt', 'docs']);
    const stale = await made.graphql(commit, { token: made.ada, variables: { input } });
    expect(stale.body.errors).toMatchObject([{ type: 'STALE_DATA', path: ['createCommitOnBranch'] }]);
  });

  it('make, move and delete a ref', async () => {
    const made = await graphqlWorld();
    const oid = fill(made, 'Acme', 'site');
    const { repository } = await made.data('{repository(owner:"Acme",name:"site"){id}}');
    const { createRef } = await made.data(
      'mutation($i:CreateRefInput!){createRef(input:$i){ref{id name target{oid}}}}',
      { i: { repositoryId: repository.id, name: 'refs/heads/side', oid } },
    );
    expect(createRef.ref).toMatchObject({ name: 'side', target: { oid } });
    const refId = createRef.ref.id;
    const { updateRef } = await made.data('mutation($i:UpdateRefInput!){updateRef(input:$i){ref{name}}}', {
      i: { refId, oid },
    });
    expect(updateRef.ref.name).toBe('side');
    expect(
      await made.data('mutation($i:DeleteRefInput!){deleteRef(input:$i){clientMutationId}}', { i: { refId } }),
    ).toEqual({
      deleteRef: { clientMutationId: null },
    });
    const gone = await made.graphql('query($id:ID!){node(id:$id){id}}', {
      token: made.ada,
      variables: { id: refId },
    });
    expect(gone.body.errors).toMatchObject([{ type: 'NOT_FOUND', path: ['node'] }]);
  });
});

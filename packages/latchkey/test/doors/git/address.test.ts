import { describe, expect, it } from 'vitest';
import { gitAddress } from '../../../src/doors/git/address.ts';

describe('the address of a git request', () => {
  it('is that of Git LFS below info/lfs', () => {
    expect(gitAddress('/ada/site.git/info/lfs/locks?path=a%2Fb')).toEqual({
      target: { kind: 'repository', owner: 'ada', name: 'site' },
      lfs: ['locks'],
      query: new URLSearchParams({ path: 'a/b' }),
    });
  });

  it.each([
    [
      '/ada/site.git/info/refs?service=git-upload-pack',
      {
        target: { kind: 'repository', owner: 'ada', name: 'site' },
        step: 'refs',
        service: 'upload-pack',
        purpose: 'fetch ada/site',
      },
    ],
    [
      '/ada/site/info/refs?service=git-receive-pack',
      {
        target: { kind: 'repository', owner: 'ada', name: 'site' },
        step: 'refs',
        service: 'receive-pack',
        purpose: 'push ada/site',
      },
    ],
    [
      '/ada/site.git/git-upload-pack',
      {
        target: { kind: 'repository', owner: 'ada', name: 'site' },
        step: 'call',
        service: 'upload-pack',
        purpose: 'fetch ada/site',
      },
    ],
    [
      '/ada/site/git-receive-pack',
      {
        target: { kind: 'repository', owner: 'ada', name: 'site' },
        step: 'call',
        service: 'receive-pack',
        purpose: 'push ada/site',
      },
    ],
    [
      '/ada/my.site_1-x.git/git-receive-pack?x=y',
      {
        target: { kind: 'repository', owner: 'ada', name: 'my.site_1-x' },
        step: 'call',
        service: 'receive-pack',
        purpose: 'push ada/my.site_1-x',
      },
    ],
    [
      '/%61da/s%69te.git/info/refs?service=git-upload-pack',
      {
        target: { kind: 'repository', owner: 'ada', name: 'site' },
        step: 'refs',
        service: 'upload-pack',
        purpose: 'fetch ada/site',
      },
    ],
  ])('%s names a repository and a service', (url, address) => {
    expect(gitAddress(url)).toEqual(address);
  });

  it.each([
    '/',
    '/ada',
    '/ada/site',
    '/ada/site/HEAD',
    '/settings/tokens',
    '/info',
    '/ada/site/objects/x',
    '*',
    '',
    '/api/v3/user?x=/a/b.git/info/refs',
  ])('%j is not git', (url) => {
    expect(gitAddress(url)).toBeNull();
  });

  it.each([
    ['/ada/site.git', '/ada/site'],
    ['/ada/site.git/?x=y', '/ada/site'],
    ['/ada/.github.git', '/ada/.github'],
  ])('%s opened in a browser is the page %s', (url, page) => {
    expect(gitAddress(url)).toEqual({ page });
  });

  it.each([
    ['/ada/../info/refs?service=git-upload-pack', 'path_malformed'],
    ['/ada/..git/info/refs?service=git-upload-pack', 'path_malformed'],
    ['/ada/.git/info/refs?service=git-upload-pack', 'path_malformed'],
    ['/../../etc/passwd/info/refs', 'path_malformed'],
    ['/ada//info/refs', 'path_malformed'],
    ['//ada/site.git/info/refs', 'path_malformed'],
    ['/ada/%2e%2e/info/refs', 'path_malformed'],
    ['/ada%2fsite.git/info/refs', 'path_malformed'],
    ['/ada/site%252f.git/info/refs', 'path_malformed'],
    ['/ada/a%5cb.git/info/refs', 'path_malformed'],
    ['/ada/a\\b.git/info/refs', 'path_malformed'],
    ['/ada/site%00.git/info/refs', 'path_malformed'],
    ['/ada/site%.git/info/refs', 'path_malformed'],
    ['/ada/si te.git/info/refs', 'path_malformed'],
    ['/%C3%A4/site.git/info/refs', 'path_malformed'],
    [`/${'a'.repeat(40)}/site.git/info/refs`, 'name_too_long'],
    [`/ada/${'a'.repeat(101)}.git/info/refs`, 'name_too_long'],
    ['/ada/site.git/info/refs?service=git-upload-archive', 'service_unknown'],
    ['/ada/site.git/info/refs?service=upload-pack', 'service_unknown'],
    ['/ada/site.git/info/refs?service=toString', 'service_unknown'],
    ['/ada/site.git/info/refs?service=git-upload-pack&service=git-receive-pack', 'service_unknown'],
    [`/ada/site.git/info/refs?service=git-upload-pack&${'x'.repeat(1024)}`, 'service_unknown'],
    ['/ada/site.git/info/refs', 'dumb_protocol'],
    ['/ada/site.git/HEAD', 'dumb_protocol'],
    ['/ada/site.git/objects/info/packs', 'dumb_protocol'],
    ['/ada/site.git/config', 'nothing_here'],
    ['/ada/team/site.git/info/refs', 'nothing_here'],
  ])('%j is refused as %s', (url, error) => {
    expect(gitAddress(url)).toEqual({ error });
  });

  it.each(['a'.repeat(39), 'a'])('takes an owner of %s', (owner) => {
    expect(gitAddress(`/${owner}/${'n'.repeat(100)}.git/git-upload-pack`)).toMatchObject({ target: { owner } });
  });
});

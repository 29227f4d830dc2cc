import { expect, test } from 'vitest';
import { originForm } from '../../src/base/requests/request-target.ts';

test.each([
  ['/ada/pub.git/info/refs?service=git-upload-pack', '/ada/pub.git/info/refs?service=git-upload-pack'],
  ['//ada/pub.git/info/refs', '/ada/pub.git/info/refs'],
  ['/ada///pub.git//info/refs?x=//y', '/ada/pub.git/info/refs?x=//y'],
  ['/login?return_to=//evil.example', '/login?return_to=//evil.example'],
  ['http://host.example:7070/ada/pub', '/ada/pub'],
  ['HTTPS://host.example//ada?x=http://y', '/ada?x=http://y'],
  ['http://host.example', '/'],
  ['http://host.example?x', '/?x'],
  ['//', '/'],
  ['*', '*'],
  ['/a/http://b', '/a/http:/b'],
])('the target %s is read as %s', (sent, read) => expect(originForm(sent)).toBe(read));

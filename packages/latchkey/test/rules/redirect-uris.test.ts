/** Callback addresses: which an application may have, and which asked one is among them. */
import { expect, test } from 'vitest';
import {
  formTargetOf,
  isRedirectAllowed,
  redirectPlace,
  redirectUriProblem,
} from '../../src/rules/applications/redirect-uris.ts';

test.each([
  'https://app.example.org/callback',
  'https://app.example.org/callback?tenant=1',
  'http://127.0.0.1/callback',
  'http://127.0.0.1:8080/callback',
  'http://[::1]/callback',
  'http://localhost:3000/',
  'cursor://anysphere.cursor-mcp/oauth/callback',
  'com.example.app:/oauth',
])('%s may be registered', (uri) => {
  expect(redirectUriProblem(uri)).toBeNull();
  expect(isRedirectAllowed([uri], uri)).toBe(true);
});

test.each([
  'http://app.example.org/callback',
  'http://127.0.0.1.example.org/',
  'http://localhost.example.org/',
  'https://user:pass@app.example.org/',
  'https://app.example.org/#fragment',
  'https://app.example.org/*',
  'https://*.example.org/',
  'https://app.example.org/a/../b',
  'https://app.example.org/%2e%2e/b',
  'https://app.example.org\\@evil.example/',
  'javascript:alert(1)',
  'data:text/html,x',
  'file:///etc/passwd',
  'ssh://host/',
  '//app.example.org/',
  '/callback',
  'app.example.org/callback',
  'https://app.example.org/ callback',
  'https://app.example.org/\u202ecallback',
  'https://ä.example.org/',
  `https://app.example.org/${'x'.repeat(1000)}`,
  '',
])('%s may not', (uri) => {
  expect(redirectUriProblem(uri)).not.toBeNull();
});

const REGISTERED = ['https://app.example.org/callback', 'http://127.0.0.1/callback', 'http://localhost:7777/cb?x=1'];

test.each([
  ['https://app.example.org/callback', true],
  ['https://app.example.org/callback/', false],
  ['https://app.example.org/callback?x=1', false],
  ['https://APP.example.org/callback', false],
  ['https://app.example.org:443/callback', false],
  ['https://app.example.org.evil.example/callback', false],
  ['http://app.example.org/callback', false],
  ['http://127.0.0.1:49152/callback', true],
  ['http://127.0.0.1/callback', true],
  ['http://127.0.0.1:1/other', false],
  ['http://127.0.0.1:1/callback#x', false],
  ['http://localhost:49152/callback', false],
  ['http://localhost:1/cb?x=1', true],
  ['http://localhost/cb?x=2', false],
  ['https://127.0.0.1:49152/callback', false],
  ['http://127.0.0.1:1@evil.example/callback', false],
  ['http://2130706433:1/callback', false],
])('%s is among the registered: %s', (asked, isIt) => {
  expect(isRedirectAllowed(REGISTERED, asked)).toBe(isIt);
});

test('where an answer goes is said by its host', () => {
  expect(['https://app.example.org:8443/x', 'http://[::1]:1/x', 'cursor://a/b'].map(redirectPlace)).toEqual([
    'app.example.org:8443',
    'a program on your machine',
    'the program that opens cursor:',
  ]);
  expect(formTargetOf('cursor://a/b')).toBe('cursor:');
  expect(formTargetOf('http://127.0.0.1:99/x')).toBe('http://127.0.0.1:99');
});

import { describe, expect, it } from 'vitest';
import { credentialOf, credentialOn } from '../../../src/actions/decision/credential.ts';

const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;

describe('the credential of a connection', () => {
  it('is read once for as long as the same is sent', () => {
    const connection = {};
    const first = credentialOn(connection, basic('ada:one'));
    expect(credentialOn(connection, basic('ada:one'))).toBe(first);
    expect(first).toMatchObject({ form: 'basic', username: 'ada' });
  });

  it('is never that of the request before, or of another connection', () => {
    const [one, other] = [{}, {}];
    const before = credentialOn(one, basic('ada:one'));
    const after = credentialOn(one, basic('ada:two'));
    expect(after).not.toBe(before);
    expect(after.form === 'basic' && after.secret.reveal()).toBe('two');
    expect(credentialOn(one, undefined)).toEqual({ form: 'none' });
    expect(credentialOn(one, [basic('ada:one'), basic('ada:two')])).toMatchObject({ form: 'malformed' });
    expect(credentialOn(other, basic('ada:one'))).not.toBe(before);
  });
});

describe('Basic credentials', () => {
  it.each(['YWRhOm9uZQ==', 'YWRhOm9uZQ', 'YWRhOm_-'])('are read from %s', (encoded) => {
    expect(credentialOf(`Basic ${encoded}`)).toMatchObject({ form: 'basic', username: 'ada' });
  });

  it.each(['YWRh*Om9uZQ==', 'YWRh Om9uZQ==', 'YWRhOm9uZQ==YWRh', '=YWRhOm9uZQ', 'YWRh\u00e9'])(
    'that are not base64 are refused: %s',
    (encoded) => {
      expect(credentialOf(`Basic ${encoded}`)).toEqual({
        form: 'malformed',
        problem: 'the Basic credentials are not base64',
      });
    },
  );
});

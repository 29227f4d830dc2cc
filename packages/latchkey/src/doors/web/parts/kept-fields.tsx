/** What was typed into a form, kept in hidden fields of the question that comes before it is carried out. */
import type { VNode } from 'preact';
import { Hidden } from './form.tsx';

/** What every form has, and what an authenticator says: each page makes its own. */
const MADE_ANEW: ReadonlySet<string> = new Set(['form', 'token', 'nonce', 'challenge', 'passkey']);

/** The fields that may stand in a page: no password and no code. */
export function keptFields(typed: URLSearchParams | null): (readonly [string, string])[] {
  return [...(typed ?? [])].filter(
    ([name]) => !MADE_ANEW.has(name) && !name.includes('password') && name !== 'otp' && !name.startsWith('sudo_'),
  );
}

export function KeptFields({ fields }: { fields: readonly (readonly [string, string])[] }): VNode {
  return (
    <>
      {fields.map(([name, value]) => (
        <Hidden name={name} value={value} />
      ))}
    </>
  );
}

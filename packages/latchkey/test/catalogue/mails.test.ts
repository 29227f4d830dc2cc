/** Every mail: the same words as text and as HTML, one act, nothing that is loaded. */
import { expect, test } from 'vitest';
import { type MailTemplate, writeMail } from '../../src/catalogue/mails/mails.ts';
import { MAIL_EXAMPLES } from './mail-examples.ts';

const URL_OF_SERVER = 'https://keys.example.org';
const READER = { login: 'ada', timeZone: 'Europe/Berlin' };
const written = (Object.keys(MAIL_EXAMPLES) as MailTemplate[]).map(
  (template) => [template, writeMail(URL_OF_SERVER, READER, template, MAIL_EXAMPLES[template])] as const,
);

/** What a program that shows HTML shows. */
const wordsOf = (html: string): string =>
  html
    .replace(/<head>.*<\/head>/s, '')
    .replace(/<[^>]+>/g, ' ')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&')
    .replace(/\s+/g, ' ')
    .trim();

test.each(written)('%s says the same as text and as HTML', (_, { subject, text, html }) => {
  expect(subject).toMatch(/^["\p{L}\d][^\n]{5,100}$/u);
  expect(text).toMatch(/^Hello ada,\n\n/);
  const shown = wordsOf(html);
  for (const paragraph of text.split('\n\n').slice(0, -2)) expect(shown).toContain(paragraph);
  const [link = '', address = ''] = text.split('\n\n').at(-2)!.split(':\n');
  expect(address).toContain(URL_OF_SERVER);
  expect(shown).toContain(`${link} Or open this address: ${address}`);
  expect(text).toContain('Latchkey at keys.example.org sent this to the account ada.');
  expect(html.match(/href="[^"]*"/g)).toEqual(Array.from({ length: 2 }, () => `href="${address}"`));
  expect(html).not.toMatch(/<(img|script|link|style|iframe)\b|url\(/);
  expect(`${subject} ${text}`).not.toMatch(/\b(?<![Tt]he )operator\b/);
});

test('who runs the server is told as such, at the beginning of a sentence, too', () => {
  const mail = writeMail(URL_OF_SERVER, READER, 'token_approved', { ...MAIL_EXAMPLES.token_approved, by: 'operator' });
  expect(mail.text).toContain('\n\nThe operator approved the personal access token "nightly backup"');
  const { subject, text } = writeMail(
    URL_OF_SERVER,
    { login: null, timeZone: null },
    'invitation',
    MAIL_EXAMPLES.invitation,
  );
  expect(subject).toBe('The operator invites you');
  expect(text).toContain('This mail comes from Latchkey at keys.example.org.');
});

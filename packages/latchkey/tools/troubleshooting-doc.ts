/** `docs/troubleshooting.md`, drawn from the table of refusals and the causes that lie on a person's own machine. */
import { CLIENT_CAUSES } from '../src/catalogue/refusals/client-causes.ts';
import { type HelpTopic, helpTopics } from '../src/catalogue/refusals/help-topics.ts';
import type { Reason } from '../src/catalogue/refusals/refusals.ts';
import { STATUS_OF } from '../src/doors/git/refuse.ts';
import { ANSWERS } from '../src/doors/github/refuse.ts';

const EXAMPLE_URL = 'https://git.example.org';

const HEAD = `<!-- Written by \`npm run docs\` from packages/latchkey/src/catalogue. Edit that, not this. -->

# Troubleshooting

The fastest way to an answer is in the clone, on the machine where it fails:

\`\`\`sh
latchkey doctor          # looks, and says what to paste
latchkey doctor --fix    # mends what can be mended safely, after asking
\`\`\`

Not there yet? [Get the command](client.md); every server offers it at \`/download\`.

Every server has these pages, too, under \`/help\`, with its own addresses. Each reason has a stable code: it is the
anchor here, the end of the help address, and the field \`reason\` of REST answers.

When git says \`Authentication failed\` it has also forgotten the credential, and asks for another one the next time.
With \`The requested URL returned error: 403\` or \`not found\` it keeps it: the token lives, and works as soon as the
cause is mended.

## What the server says
`;

/** The whole document. */
export function troubleshootingDoc(): string {
  const causes = CLIENT_CAUSES.map(
    ({ code, title, symptom, about, commands }) =>
      `### ${code}\n\n**${title}.** You see: ${symptom}\n\n${about}\n\n\`\`\`text\n${commands.join('\n')}\n\`\`\`\n`,
  );
  return [HEAD, ...helpTopics(EXAMPLE_URL).map(sectionOf), '## What only your machine knows\n', ...causes].join('\n');
}

/** Refused after git has read the push: its answer has begun by then. */
const OF_CONTENT: ReadonlySet<Reason> = new Set<Reason>(['workflow_permission_missing', 'token_in_content']);

function sectionOf({ reason, about, sentence, remedy, isForgotten }: HelpTopic): string {
  const lines = [sentence, remedy.text, remedy.url, remedy.command].filter((line) => line !== null);
  const [rest] = ANSWERS[reason];
  const answer = OF_CONTENT.has(reason) ? 'the push is refused as a whole' : STATUS_OF[reason];
  return `### ${reason}

${about}

\`\`\`text
${lines.map((line) => `remote: ${line}`).join('\n')}
\`\`\`

Git: ${answer}, the credential is ${isForgotten ? 'forgotten' : 'kept'}. REST: ${rest}.
`;
}

/** The instance's own help: why tokens are refused, and what to do; one page for each reason, linked from refusals. */
import type { VNode } from 'preact';
import { problem } from '../../../base/errors.ts';
import { CLIENT_CAUSES, type ClientCause } from '../../../catalogue/refusals/client-causes.ts';
import { type HelpTopic, helpTopic, helpTopics } from '../../../catalogue/refusals/help-topics.ts';
import { REASONS } from '../../../catalogue/refusals/refusals.ts';
import type { Visit } from '../frame/visit.ts';
import { type Answer, page, type WebPage } from '../frame/web-page.ts';
import { CommandBox, Subhead } from '../parts/components.tsx';

function showAll(visit: Visit): Answer {
  const { publicUrl } = visit.ctx.settings;
  return page(
    'Help',
    <div class="lk-narrow-page">
      <Subhead title="Why a token is refused" level={1} />
      <p>The fastest way to an answer is on your own machine, in the clone:</p>
      <CommandBox id="doctor" lines="latchkey doctor" label="Command" />
      <p class="note mb-4">
        Not there yet? <a href="/download">Get the latchkey command</a>.
      </p>
      <Subhead title="What the server refuses" />
      <Topics topics={helpTopics(publicUrl).map(({ reason, title }) => [reason, title])} />
      <Subhead title="What goes wrong on your machine" />
      <Topics topics={CLIENT_CAUSES.map(({ code, title }) => [code, title])} />
    </div>,
  );
}

function Topics({ topics }: { topics: readonly (readonly [code: string, title: string])[] }): VNode {
  return (
    <ul class="lk-plain-list mb-4">
      {topics.map(([code, title]) => (
        <li>
          <a href={`/help/${code}`}>{title}</a>
        </li>
      ))}
    </ul>
  );
}

function showOne(visit: Visit): Answer {
  const code = visit.param('topic');
  const reason = REASONS.find((each) => each === code);
  if (reason !== undefined) return topicPage(helpTopic(reason, visit.ctx.settings.publicUrl));
  const cause = CLIENT_CAUSES.find((each) => each.code === code);
  if (cause === undefined) throw problem('not_found', 'There is no help under this name.', 'topic');
  return causePage(cause, new URL(visit.ctx.settings.publicUrl).host);
}

function topicPage({ title, sentence, about, remedy, isForgotten }: HelpTopic): Answer {
  return page(
    title,
    <div class="lk-narrow-page">
      <Subhead title={title} level={1} />
      <p>{about}</p>
      <Subhead title="What you see, for example" />
      <blockquote class="color-fg-muted pl-3">
        <p>{sentence}</p>
        <p>
          {remedy.text}
          {remedy.url === null ? null : (
            <>
              {' '}
              <code>{remedy.url}</code>
            </>
          )}
        </p>
      </blockquote>
      {remedy.command === null ? null : <CommandBox id="way-out" lines={remedy.command} label="Command" />}
      <p>
        {isForgotten
          ? 'Git forgets the credential, and asks for another one the next time.'
          : 'The credential is still valid, so git keeps it. Once the cause is fixed, there is nothing to type again.'}
      </p>
      <p>
        <a href="/settings/token-check">Check what a token of yours may do</a>: every reason, what fixes it, and who
        can.
      </p>
      <Back />
    </div>,
  );
}

function causePage({ title, symptom, about, commands }: ClientCause, host: string): Answer {
  return page(
    title,
    <div class="lk-narrow-page">
      <Subhead title={title} level={1} />
      <p>
        <strong>You see:</strong> {symptom}
      </p>
      <p>{about}</p>
      <CommandBox
        id="commands"
        lines={commands.map((line) => line.replaceAll('HOST', host)).join('\n')}
        label="Commands"
      />
      <Back />
    </div>,
  );
}

function Back(): VNode {
  return (
    <p>
      <a href="/help">All causes</a>
    </p>
  );
}

export const helpPages: readonly WebPage[] = [
  { path: '/help', access: 'anybody', get: showAll },
  { path: '/help/:topic', access: 'anybody', get: showOne },
];

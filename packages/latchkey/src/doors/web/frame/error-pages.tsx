/** Pages that say no: what is wrong, and what to do. */
import type { ComponentChild, VNode } from 'preact';
import { renderToString } from 'preact-render-to-string';
import type { Complaint } from '../../../base/errors.ts';
import type { OutageAnswer } from '../../../base/machine/outage.ts';
import type { Explanation } from '../../../rules/explain.ts';
import { Notice } from '../parts/components.tsx';
import { Spoken } from '../parts/spoken.tsx';
import { type Answer, page, redirect } from './web-page.ts';

function ErrorMessage({
  title,
  sentences,
  link,
}: {
  title: string;
  sentences: readonly string[];
  link: { text: string; href: string } | null;
}): VNode {
  return (
    <div class="lk-narrow">
      <div class="Box">
        <div class="blankslate">
          <h1 class="blankslate-heading">{title}</h1>
          {sentences.map((sentence) => (
            <p>
              <Spoken words={sentence} />
            </p>
          ))}
          {link === null ? null : (
            <p>
              <a class="btn" href={link.href}>
                {link.text}
              </a>
            </p>
          )}
        </div>
      </div>
    </div>
  );
}

const HOME = { text: 'Go to the start page', href: '/' };

export const notFound = (): Answer =>
  page(
    'Not found',
    <ErrorMessage
      title="There is nothing at this address"
      sentences={['It may have been removed or renamed, or you may not be allowed to see it.']}
      link={HOME}
    />,
    { status: 404 },
  );

/** A node that only reads has no copy of this. */
export const notCopied = (sentence: string): Answer =>
  page('Not here yet', <ErrorMessage title="This is not here yet" sentences={[sentence]} link={HOME} />, {
    status: 503,
  });

/** A form from another site, or from nowhere. */
export const crossSiteForm = (): Answer =>
  page(
    'Refused',
    <ErrorMessage
      title="That form was not sent from here"
      sentences={['Nothing was changed. Open the page on this site and send it from there.']}
      link={HOME}
    />,
    { status: 403 },
  );

export const unknownForm = (): Answer =>
  page(
    'Refused',
    <ErrorMessage
      title="That form is not known"
      sentences={['Nothing was changed. Open the page again and send it from there.']}
      link={HOME}
    />,
    { status: 400 },
  );

export const onlyAdministrators = (): Answer =>
  page(
    'Refused',
    <ErrorMessage
      title="Only for administrators"
      sentences={['This page is for the administrators of the instance.']}
      link={HOME}
    />,
    { status: 403 },
  );

/** A one-time link that no longer works. */
export const deadLink = (sentence: string): Answer =>
  page(
    'Link',
    <ErrorMessage
      title="This link no longer works"
      sentences={['It was already used, or has expired.', sentence]}
      link={HOME}
    />,
    { status: 404 },
  );

/** A request that can't be read: too large, or in another format. */
export const unreadable = (status: number, sentence: string): Answer =>
  page('Refused', <ErrorMessage title="That could not be read" sentences={[sentence]} link={null} />, { status });

/** Something that the server needs is unavailable right now. */
export const unavailable = ({ sentence, retryAfterSec }: OutageAnswer): Answer =>
  page(
    'Not now',
    <ErrorMessage title="This can’t be done right now" sentences={[sentence, 'Nothing was changed.']} link={HOME} />,
    { status: 503, retryAfterSec },
  );

export const failed = (): Answer =>
  page(
    'Error',
    <ErrorMessage
      title="Something broke on our side"
      sentences={[
        'Check whether your change was made before you try again.',
        'Your administrator finds the cause in the server’s log.',
      ]}
      link={HOME}
    />,
    { status: 500 },
  );

/**
 * The page that a form was sent to, with its errors at the top if the page doesn't show them itself: its form may be
 * gone by now.
 */
export function withComplaints(body: ComponentChild, complaints: readonly Complaint[]): ComponentChild {
  const html = renderToString(<>{body}</>);
  const unshown = complaints.filter(({ message }) => !html.includes(renderToString(<Spoken words={message} />)));
  return unshown.length === 0 ? (
    body
  ) : (
    <>
      <Notice tone="error" role="alert">
        {unshown.map(({ message }) => (
          <p class="mb-0">
            <Spoken words={message} />
          </p>
        ))}
      </Notice>
      {body}
    </>
  );
}

/**
 * The decision's own words. Things a person may not see look the same as missing ones; an anonymous visitor is sent to
 * the sign-in and back.
 */
export function refused({ reason, sentence, also, remedy }: Explanation, url: string): Answer {
  if (reason === 'credentials_missing')
    return redirect(`/login?${new URLSearchParams({ return_to: url, notice: 'sign-in-first' })}`);
  if (reason === 'not_found') return notFound();
  if (reason === 'sso_not_proved' && remedy.url !== null) {
    const href = `${remedy.url}?${new URLSearchParams({ return_to: url })}`;
    return page(
      'Single sign-on',
      <ErrorMessage
        title="Single sign-on is required"
        sentences={[sentence, remedy.text]}
        link={{ text: 'Prove who you are', href }}
      />,
      { status: 403 },
    );
  }
  const link = remedy.url === null ? HOME : { text: 'Show me', href: remedy.url };
  return page(
    'Refused',
    <ErrorMessage title="You may not do that" sentences={[sentence, ...also, remedy.text]} link={link} />,
    { status: 403 },
  );
}

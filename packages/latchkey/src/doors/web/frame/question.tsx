/**
 * The question before a heavy act: what ends, what stays, whether it can be undone. A form whose action `asks` is
 * carried out only when its answer comes back. Works without scripts.
 *
 * Invariant: the answer is to the list that was shown. If the list is another one by then, it is asked anew.
 * Never: a password or a code in the page; `kept-fields.tsx` leaves them out.
 */
import type { VNode } from 'preact';
import { MAX_REASON_LENGTH } from '../../../actions/ground/reason.ts';
import { digestOf } from '../../../base/secret.ts';
import { Icon, Notice, Subhead } from '../parts/components.tsx';
import { Form, Hidden } from '../parts/form.tsx';
import { KeptFields, keptFields } from '../parts/kept-fields.tsx';
import { TextField } from '../parts/text-fields.tsx';
import type { Visit } from './visit.ts';
import { type Answer, type Consequence, page, type Question } from './web-page.ts';

/** The hidden field that carries the answer. */
const ANSWER = 'answered';

function answerTo({ title, subject }: Question): string {
  return digestOf(JSON.stringify([title, subject]));
}

/** True when the form comes from this very question. */
export function isAnswered(visit: Visit, question: Question): boolean {
  return visit.field(ANSWER) === answerTo(question);
}

/** Asks. The form's id and everything typed come back with the answer. */
export function asked(visit: Visit, question: Question): Answer {
  const f = visit.fields(visit.field('form'));
  const kept = keptFields(visit.typed).filter(([name]) => name !== ANSWER && name !== 'reason');
  const isOther = visit.field(ANSWER) !== '';
  return page(
    question.title,
    <question.within visit={visit}>
      <Subhead title={question.title} level={1} />
      {isOther ? (
        <Notice tone="warn" role="alert">
          What this ends has changed since you were asked. Check the list again.
        </Notice>
      ) : null}
      <p>{question.lead}</p>
      <ul class="Box list-style-none lk-ends">
        {question.consequences.map((each) => (
          <Ending {...each} />
        ))}
      </ul>
      <Form f={f} submit={question.act} tone="danger" cancel={visit.url}>
        <KeptFields fields={kept} />
        <Hidden name={ANSWER} value={answerTo(question)} />
        {question.reasonGoesTo === undefined ? null : (
          <TextField
            f={f}
            name="reason"
            label="Reason"
            maxLength={MAX_REASON_LENGTH}
            note={`Optional. It goes into the audit log${question.reasonGoesTo}.`}
          />
        )}
      </Form>
    </question.within>,
  );
}

/** What ends, or stays, in a list of class `lk-ends`. */
export function Ending({ title, facts, stays = false }: Consequence): VNode {
  return (
    <li class={`Box-row${stays ? ' lk-stays' : ''}`}>
      <Icon name={stays ? 'check' : 'x'} />
      <strong>{title}</strong>
      {facts === undefined ? null : <div class="color-fg-muted f6">{facts}</div>}
    </li>
  );
}

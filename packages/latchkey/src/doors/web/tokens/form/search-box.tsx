/** A search that the server answers: as one types where scripts run, by its button elsewhere. */
import type { VNode } from 'preact';

interface SearchBoxProps {
  readonly id: string;
  readonly name: string;
  /** For screen readers. */
  readonly label: string;
  readonly words: string;
  readonly placeholder: string;
  readonly button: { readonly label: string; readonly class: string };
}

/** Its answer stands in an element with `data-live`, which the page brings along. */
export function SearchBox({ id, name, label, words, placeholder, button }: SearchBoxProps): VNode {
  return (
    <div class="lk-search">
      <label for={id} class="sr-only">
        {label}
      </label>
      <input
        id={id}
        name={name}
        type="search"
        class="form-control"
        value={words}
        placeholder={placeholder}
        autocomplete="off"
        data-live-search
        maxLength={100}
      />
      <button type="submit" name="form" value="show" class={button.class} formNoValidate>
        {button.label}
      </button>
    </div>
  );
}

/**
 * What every page does with what it asks: loading, there, failed, offline; again on pull-down; lists page by page.
 * The state is handed to <Screen :load>, which shows it.
 */
import { reactive, shallowRef, type ShallowRef } from "vue";
import { say } from "@/words";
import { Problem } from "./client";

export interface Load<T> {
  data: T | null;
  busy: boolean;
  problem: Problem | null;
  /** Asks (again). What is shown stays until the answer is there. */
  run(): Promise<void>;
}

export function useLoad<T>(ask: () => Promise<T>): Load<T> {
  let turn = 0;
  const load: Load<T> = reactive({
    data: null,
    busy: true,
    problem: null,
    async run() {
      const mine = ++turn;
      load.busy = true;
      try {
        const answer = await ask();
        if (mine !== turn) return;
        load.data = answer as never;
        load.problem = null;
      } catch (failure) {
        if (mine === turn) load.problem = asProblem(failure);
      } finally {
        if (mine === turn) load.busy = false;
      }
    },
  }) as Load<T>;
  return load;
}

/** Any failure in the one form that a page shows. */
export function asProblem(failure: unknown): Problem {
  if (failure instanceof Problem) return failure;
  return new Problem(-1, "client", "", failure instanceof Error ? failure.message : String(failure));
}

export interface Pages<T> extends Load<T[]> {
  data: T[] | null;
  /** Whether a further page exists. */
  more: boolean;
  /** Asks for the next page, once however often it is called. */
  next(): Promise<void>;
}

/** A list that grows by cursor. `ask` gives a page of items and the cursor of the next. */
export function usePages<T>(ask: (cursor?: string) => Promise<{ items: T[]; next_cursor: string | null }>): Pages<T> {
  const cursor: ShallowRef<string | null> = shallowRef(null);
  let under: Promise<void> | null = null;
  let turn = 0;
  const pages: Pages<T> = reactive({
    data: null,
    busy: true,
    problem: null,
    more: false,
    async run() {
      const mine = ++turn;
      pages.busy = true;
      try {
        const page = await ask();
        if (mine !== turn) return;
        pages.data = page.items as never;
        cursor.value = page.next_cursor;
        pages.more = page.next_cursor !== null;
        pages.problem = null;
      } catch (failure) {
        if (mine === turn) pages.problem = asProblem(failure);
      } finally {
        if (mine === turn) pages.busy = false;
      }
    },
    next() {
      if (!cursor.value || pages.busy) return Promise.resolve();
      const mine = turn;
      under ??= (async () => {
        try {
          const page = await ask(cursor.value ?? undefined);
          if (mine !== turn) return;
          pages.data = [...(pages.data ?? []), ...page.items] as never;
          cursor.value = page.next_cursor;
          pages.more = page.next_cursor !== null;
        } catch (failure) {
          toast(asProblem(failure));
        } finally {
          under = null;
        }
      })();
      return under;
    },
  }) as Pages<T>;
  return pages;
}

/** Says in a line what went wrong, where a page goes on. */
export function toast(problem: Problem): void {
  const title = problem.offline ? say("common.offline") : problem.detail || problem.title || say("common.failed");
  uni.showToast({ title, icon: "none", duration: 3500 });
}

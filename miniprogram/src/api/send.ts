/** What a form does when it is sent: once at a time, wrong fields told beside them, the rest in a line. */
import { reactive } from "vue";
import type { Problem } from "./client";
import { asProblem } from "./load";

export interface Sending {
  busy: boolean;
  problem: Problem | null;
  /** What is wrong with which field. */
  fields: Record<string, string>;
  /** Does it unless it is being done; the answer, or undefined when it failed. */
  run<T>(work: () => Promise<T>): Promise<T | undefined>;
}

export function useSending(): Sending {
  const sending: Sending = reactive({
    busy: false,
    problem: null,
    fields: {},
    async run<T>(work: () => Promise<T>): Promise<T | undefined> {
      if (sending.busy) return undefined;
      sending.busy = true;
      sending.problem = null;
      sending.fields = {};
      try {
        return await work();
      } catch (failure) {
        sending.problem = asProblem(failure);
        sending.fields = sending.problem.fields;
        return undefined;
      } finally {
        sending.busy = false;
      }
    },
  }) as Sending;
  return sending;
}

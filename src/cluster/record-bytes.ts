// Estimates the memory of a record that shares nothing with any other.
import type { PodRecord, ServiceAccountRecord } from "./records.ts";

// Measured with Node 26: a record of ten fields, its places in the maps of the store, and the texts that all of them have.
const ofRecord = 400;
// The header of a text and the place that holds it.
const ofText = 24;

export function bytesOfServiceAccount({ key, references = [], cloud, record = "" }: ServiceAccountRecord): number {
  return ofRecord + of(key) + of(record) + ofAll(references) + ofAll(Object.values(cloud));
}

export function bytesOfPod({ key, references, stuckImages, controller }: PodRecord): number {
  return ofRecord + of(key) + ofAll(references) + ofAll(stuckImages) + ofAll(Object.values(controller ?? {}));
}

/** Of ASCII, which all of it is that Kubernetes takes for a name; others take twice as much. */
const of = (text: string): number => ofText + text.length;

const ofAll = (texts: readonly string[]): number => texts.reduce((total, text) => total + of(text), 0);

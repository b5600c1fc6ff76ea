// Reads members of a JSON object as a program in Go does, as kubelets and docker are.
//
// It knows a name in whatever letters it is written, and takes null for nothing: https://pkg.go.dev/encoding/json#Unmarshal
import type { JsonMember } from "./json-members.ts";

/** For a name of ASCII letters. The long s, which has no small letter but `s`, is one; `ß`, which becomes two letters, is none. */
export function isNamed(key: string, name: string): boolean {
  return key.length === name.length && key.toUpperCase() === name.toUpperCase();
}

/** All of that name, in their order; those of objects are united by Go. */
export function membersNamed(members: readonly JsonMember[], name: string): readonly JsonMember[] {
  return members.filter(({ key, value }) => isNamed(key, name) && value !== "null");
}

/** The last of that name; undefined where there is none, or null alone. */
export function valueNamed(object: Readonly<Record<string, unknown>>, name: string): unknown {
  return Object.entries(object).findLast(([key, value]) => isNamed(key, name) && value !== null)?.[1];
}

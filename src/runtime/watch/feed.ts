// The feed: what one reflector tells its store.
import type { NotKnown } from "./presence.ts";
import type { StoredObject } from "./object-meta.ts";

/** How one reflector brings in what it hears. */
export interface Feed<R extends StoredObject> {
  readonly synced: boolean;
  /**
   * A full list of the most recent state begins; what an unfinished one has seen is forgotten. It replaces all that is known by
   * now, also of the same version: it may say more of it, and a restored etcd gives a version twice.
   */
  begin(): void;
  /** An object of the list, or an ADDED or MODIFIED event. */
  observed(record: R): void;
  /**
   * An object is there, but cannot be read as a record: what is stored of it stays. Where it has not even a key, this
   * list removes nothing at all.
   */
  unreadable(key: string | undefined): void;
  /** A DELETED event, or an object that is of no interest any more. */
  vanished(key: string, resourceVersion: string): void;
  /** The watch has passed this resource version: a bookmark. */
  passed(resourceVersion: string): void;
  /** The full list is over: what it has not shown, and is not newer than it, is gone. */
  completed(resourceVersion: string): void;
  /** The server's most recent state is older than what was heard: etcd was restored. */
  wentBack(): void;
  /** Nothing is heard for now: until the next event or, where a list is needed, its end. */
  blind(why: NotKnown["kind"]): void;
  /** What came from here leaves the store; nobody is told, because nothing is known of it any more. */
  close(): void;
}

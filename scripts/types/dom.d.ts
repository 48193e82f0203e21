// TypeScript cannot know which elements a template has, so any property of an element is accepted.
// No form of these pages sends files.
interface EventTarget {
  [property: string]: any;
}
interface Node {
  contains(other: any): boolean;
}
interface FormData {
  get(name: string): string | null;
}

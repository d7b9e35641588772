// The version, in one place: package.json, which the bundler inlines.
import packageJson from "../package.json" with { type: "json" };

export const VERSION: string = packageJson.version;

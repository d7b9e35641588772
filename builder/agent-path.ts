// Where the agent stands in the image.

export const AGENT_PATH = "usr/bin/lifeboat";

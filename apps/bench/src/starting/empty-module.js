/** What Node.js takes to import anything: the floor under every package. */
export {};

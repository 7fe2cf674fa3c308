//! From a report value to text: table, JSON, markdown, HTML, `JUnit`, CSV. Pure; the only user of comfy-table.

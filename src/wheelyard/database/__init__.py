"""All SQL: the tables, and a named function for each query; SQLite and PostgreSQL alike.

`engine`    connections and transactions
`dialect`   the few statements in which the two databases differ
`columns`   column types that take and give the model's values; `schema`: what tables share
`tables`    the tables with their constraints and indexes
`migrate`   bringing a database up to date
`catalogue` a schema as the database describes it
`targets`   what wheels are made for
`projects`  wants, polls, plans, and what is known of a project
`upstream_pages`  upstream's pages, reconciled whole
`releases`  finding and making the rows that others refer to
`queue`     jobs; with `decisions` (what was decided) and `leases` (who has which job)
`builds`    attempts and their logs
`builders`  machines that take jobs
`recipes`   what projects need beyond their own metadata
`wheels`    wheels that we made; `certificates`: what was checked of them
`pages`     the outbox of pages to be written again; `listings`: which projects are on an index
`state`     named values, our serial among them; `pausing`: whether jobs are handed out
`job_lists` jobs as operators look at them
`following` following projects, and having them read, because an operator says so
`removal`   taking back what was made here
`copying`   moving everything to another database; `checking`: what must be true of the rows
`audit`     what operators have done by hand

In a transaction, take locks in this order: project, jobs, builds, wheels, and `pages.mark_page`
or `state.next_serial` last.
"""

#!/usr/bin/env python3
"""Writes a dbt project of N models into a new folder, for measuring: scripts/large-project.py DIR [N]

A third of the models stage sources, a third join and aggregate two or three earlier models through CTEs, a third are
marts that read those by name. The same N gives the same bytes.
"""

import pathlib
import random
import subprocess
import sys

COLUMNS = 20


def staging(at, source):
    columns = ",\n        ".join(f"f{c} as c{c}" for c in range(COLUMNS))
    return f"""with source as (

    select * from {{{{ source('raw', '{source}') }}}}

),

renamed as (

    select
        id,
        {columns}
    from source
    where f0 is not null

)

select * from renamed
"""


def intermediate(at, parents):
    ctes = ",\n\n".join(f"p{i} as (\n\n    select * from {{{{ ref('{name}') }}}}\n\n)" for i, name in enumerate(parents))
    columns = [
        f"case when p0.c{c % 7} > {c} then p{c % len(parents)}.c{c} else coalesce(p0.c{c}, 0) * {c + 1} end as c{c}"
        if c % 3
        else f"sum(p{c % len(parents)}.c{c}) over (partition by p0.id order by p0.c1) as c{c}"
        for c in range(COLUMNS)
    ]
    joins = "\n".join(f"    left join p{i} on p{i}.id = p0.id" for i in range(1, len(parents)))
    select = ",\n        ".join(["p0.id"] + columns)
    return f"with {ctes},\n\njoined as (\n\n    select\n        {select}\n    from p0\n{joins}\n\n)\n\nselect * from joined\n"


def mart(at, parents):
    one = parents[0]
    columns = ",\n    ".join(f"sum(o.c{c}) as c{c}" if c % 2 else f"max(o.c{c} + o.c{(c + 1) % COLUMNS}) as c{c}" for c in range(COLUMNS))
    return f"select\n    o.id,\n    {columns}\nfrom {{{{ ref('{one}') }}}} as o\nwhere o.c3 <> 0\ngroup by o.id\n"


def main():
    folder, count = pathlib.Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1000
    choose = random.Random(7)
    (folder / "models").mkdir(parents=True)
    (folder / "dbt_project.yml").write_text("name: large\nprofile: large\n")
    (folder / "profiles.yml").write_text("large: {target: dev, outputs: {dev: {type: duckdb, path: large.duckdb}}}\n")
    fields = "".join(f"          - name: f{c}\n" for c in range(COLUMNS))
    tables, names = [], []
    for at in range(count):
        if at < count // 3:
            tables.append(f"      - name: t{at}\n        columns:\n          - name: id\n{fields}")
            name, text = f"stg_{at}", staging(at, f"t{at}")
        elif at < 2 * count // 3:
            near = names[-min(len(names), count // 4) :]
            name, text = f"int_{at}", intermediate(at, choose.sample(near, k=min(len(near), choose.choice([2, 3]))))
        else:
            name, text = f"mart_{at}", mart(at, choose.sample(names[count // 3 :], k=1))
        (folder / "models" / f"{name}.sql").write_text(text)
        names.append(name)
    sources = "sources:\n  - name: raw\n    tables:\n" + "".join(tables)
    (folder / "models" / "sources.yml").write_text(sources)
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@example.invalid", "-C", str(folder)]
    subprocess.run([*git, "init", "-q", "-b", "main"], check=True)
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "-qm", "large"], check=True)


if __name__ == "__main__":
    main()

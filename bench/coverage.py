"""Server time of the city's page, a commune's pages and coverage as of past days, over a whole city on PostgreSQL.

python -m bench.coverage [--households 1300000] [--visits 2000000]
"""

from bench import machine, pages, wide

CITY = (
    "/thanh-pho",
    "/thanh-pho?chi_tieu=vneid_nguoi_dan",
    "/thanh-pho?chi_tieu=vneid_nguoi_dan&den_ngay=2026-10-18",
)
COMMUNE = (
    "/xa/11629",
    "/xa/11629?den_ngay=2026-10-18",
    "/xa/11629/chi-tieu",
    "/xa/11629/chi-tieu/AL-T20",
    "/xa/11629/thon/11629001",
    "/xa/11629/nhiem-vu",
    "/xa/11629/ban-do/khung?chi_tieu=phu_song_5g",
)
PROGRAM = (
    "/api/v1/communes/11629/coverage",
    "/api/v1/communes/11629/coverage?as_of=2026-10-18",
    "/api/v1/communes/11629/targets",
)


def main() -> None:
    options = wide.arguments(__doc__, visits=2_000_000).parse_args()
    print(machine.describe())
    with wide.built(wide.chosen(options)) as made, machine.served(made.url, made.folder) as served:
        for path in PROGRAM:
            key = {"Authorization": f"Token {made.city.api_token}"}
            machine.show(path, pages.measure(served.port, path, key))
        for name, paths in (("lanh_dao", COMMUNE), ("so_khcn", CITY)):
            cookie = pages.sign_in(served.port, name)
            for path in paths:
                machine.show(path, pages.measure(served.port, path, {"Cookie": cookie}))


if __name__ == "__main__":
    main()

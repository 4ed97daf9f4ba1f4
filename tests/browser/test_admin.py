"""The stock admin on a branch: dates, durations, JSON, search and filters, in a real browser."""

from __future__ import annotations

from .conftest import Visit, Visitor

ADMIN = "/admin/inventory/maintenance/"


def titles(visitor: Visitor) -> list[str]:
    return visitor.page.locator("#result_list tbody th").all_inner_texts()


def test_admin_finds_maintenance_by_date_search_and_filter_on_a_branch(visit: Visit) -> None:
    reviewer, anyone = visit("reviewer"), visit("admin")
    reviewer.page.goto("/")
    reviewer.create_branch("change/maintenance")
    reviewer.page.goto(f"{ADMIN}add/")
    reviewer.page.get_by_label("Title").fill("Swap 50% of the fans\\")
    reviewer.page.get_by_label("Site").select_option("Berlin 1")
    reviewer.page.locator("#id_starts_0").fill("2026-03-31")
    reviewer.page.locator("#id_starts_1").fill("23:45:00")
    reviewer.page.get_by_label("Takes").fill("1 02:30:00.000005")
    reviewer.page.get_by_label("Checklist").fill('["drain", {"step": "é"}]')
    reviewer.page.get_by_role("button", name="Save", exact=True).click()
    assert "was added successfully" in reviewer.page.locator(".messagelist").inner_text()

    reviewer.page.goto(ADMIN)
    drill = reviewer.page.locator(".change-list .toplinks, nav.toplinks").first
    assert "2025" in drill.inner_text() and "2026" in drill.inner_text()
    reviewer.page.get_by_role("link", name="2026", exact=True).click()
    reviewer.page.wait_for_url("**starts__year=2026**")
    reviewer.page.get_by_role("link", name="March 2026").click()
    reviewer.page.wait_for_url("**starts__month=3**")
    assert titles(reviewer) == [
        "Swap 50% of the fans\\",
        "Move uplinks to 100 GE",
        "Upgrade the core",
    ]
    reviewer.page.get_by_role("link", name="March 31").click()
    reviewer.page.wait_for_url("**starts__day=31**")
    assert titles(reviewer) == ["Swap 50% of the fans\\"]

    for words, found in [
        ("50%", ["Swap 50% of the fans\\"]),
        ("fans\\", ["Swap 50% of the fans\\"]),
        ("BERLIN", ["Swap 50% of the fans\\", "Upgrade the core"]),
        ("undrain", ["Replace fans of the core"]),
    ]:
        reviewer.page.goto(ADMIN)
        reviewer.page.locator("#searchbar").fill(words)
        reviewer.page.locator("#changelist-search input[type=submit]").click()
        reviewer.page.wait_for_url("**q=**")
        assert titles(reviewer) == found
    reviewer.page.goto(ADMIN)
    reviewer.page.locator("#changelist-filter").get_by_role("link", name="Berlin 1").click()
    reviewer.page.wait_for_url("**site__id__exact**")
    assert titles(reviewer) == ["Swap 50% of the fans\\", "Upgrade the core"]

    reviewer.page.get_by_role("link", name="Swap 50% of the fans\\").click()
    assert reviewer.page.get_by_label("Takes").input_value() == "1 02:30:00.000005"
    assert reviewer.page.get_by_label("Checklist").input_value() == '["drain", {"step": "é"}]'

    anyone.page.goto(ADMIN)
    assert "Swap 50% of the fans\\" not in titles(anyone)

"""The apps that are run, and what each of them wants in the settings."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class App:
    """An app of the suite.

    `name` is its distribution on PyPI ("Django" for what comes with it); `apps` goes into
    INSTALLED_APPS, behind Django's own, with what it depends on.
    """

    name: str
    apps: tuple[str, ...]
    title: str = ""
    middleware: tuple[str, ...] = ()
    context_processors: tuple[str, ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)
    remark: str = ""
    group: str = "one"  # of requirements that fit together: requirements/<group>.txt

    @property
    def key(self) -> str:
        """What it is called on the command line and in the table."""
        return self.title or self.name


_MESSAGES = "django.contrib.messages"
_HTML = "django.contrib.humanize"
_DASHBOARD = (
    "reports.apps.ReportsDashboardConfig",
    "users.apps.UsersDashboardConfig",
    "orders.apps.OrdersDashboardConfig",
    "catalogue.apps.CatalogueDashboardConfig",
    "offers.apps.OffersDashboardConfig",
    "partners.apps.PartnersDashboardConfig",
    "pages.apps.PagesDashboardConfig",
    "ranges.apps.RangesDashboardConfig",
    "reviews.apps.ReviewsDashboardConfig",
    "vouchers.apps.VouchersDashboardConfig",
    "communications.apps.CommunicationsDashboardConfig",
    "shipping.apps.ShippingDashboardConfig",
)
_OSCAR = (
    "oscar.config.Shop",
    *(
        f"oscar.apps.{name}"
        for name in (
            "analytics.apps.AnalyticsConfig",
            "checkout.apps.CheckoutConfig",
            "address.apps.AddressConfig",
            "shipping.apps.ShippingConfig",
            "catalogue.apps.CatalogueConfig",
            "catalogue.reviews.apps.CatalogueReviewsConfig",
            "communication.apps.CommunicationConfig",
            "partner.apps.PartnerConfig",
            "basket.apps.BasketConfig",
            "payment.apps.PaymentConfig",
            "offer.apps.OfferConfig",
            "order.apps.OrderConfig",
            "customer.apps.CustomerConfig",
            "search.apps.SearchConfig",
            "voucher.apps.VoucherConfig",
            "wishlists.apps.WishlistsConfig",
            "dashboard.apps.DashboardConfig",
            *(f"dashboard.{part}" for part in _DASHBOARD),
        )
    ),
    "widget_tweaks",
    "haystack",
    "treebeard",
    "sorl.thumbnail",
    "django_tables2",
)
_WAGTAIL = (
    "wagtail.contrib.forms",
    "wagtail.contrib.redirects",
    "wagtail.contrib.search_promotions",
    "wagtail.contrib.settings",
    "wagtail.contrib.simple_translation",
    "wagtail.embeds",
    "wagtail.sites",
    "wagtail.users",
    "wagtail.snippets",
    "wagtail.documents",
    "wagtail.images",
    "wagtail.search",
    "wagtail.admin",
    "wagtail",
    "modelcluster",
    "taggit",
)

APPS = (
    App(
        "Django",
        (
            "django.contrib.sites",
            "django.contrib.flatpages",
            "django.contrib.redirects",
        ),
        title="sites, flatpages, redirects",
    ),
    App(
        "django-allauth",
        (
            "django.contrib.sites",
            "allauth",
            "allauth.account",
            "allauth.socialaccount",
            "allauth.mfa",
            "allauth.usersessions",
        ),
        middleware=("allauth.account.middleware.AccountMiddleware",),
    ),
    App(
        "django-cms",
        ("django.contrib.sites", "cms", "menus", "treebeard", "sekizai"),
        middleware=("django.middleware.locale.LocaleMiddleware",),
        context_processors=(
            "sekizai.context_processors.sekizai",
            "cms.context_processors.cms_settings",
        ),
        settings={
            "CMS_CONFIRM_VERSION4": True,
            "CMS_TEMPLATES": [("base.html", "Base")],
            "LANGUAGES": [("en", "English"), ("de", "German")],
        },
    ),
    App("easy-thumbnails", ("easy_thumbnails",)),
    App("django-filer", ("easy_thumbnails", "filer")),
    App(
        "django-oscar",
        ("django.contrib.sites", "django.contrib.flatpages", *_OSCAR),
        middleware=("oscar.apps.basket.middleware.BasketMiddleware",),
        settings={
            "OSCAR_SEARCH_FACETS": {"fields": {}, "queries": {}},
            "HAYSTACK_CONNECTIONS": {
                "default": {"ENGINE": "haystack.backends.simple_backend.SimpleEngine"}
            },
            "OSCAR_INITIAL_ORDER_STATUS": "Pending",
        },
    ),
    App(
        "django-mptt",
        ("mptt", "third_party.small.mptt_tree"),
        remark="has no tables of its own: a small app of this suite uses it",
    ),
    App(
        "django-treebeard",
        ("treebeard", "third_party.small.treebeard_trees"),
        remark="has no tables of its own: a small app of this suite uses it",
    ),
    App("django-taggit", ("taggit",)),
    App("django-guardian", ("guardian",)),
    App("django-reversion", ("reversion",)),
    App(
        "django-simple-history",
        ("simple_history", "third_party.small.historic"),
        middleware=("simple_history.middleware.HistoryRequestMiddleware",),
        remark="has no tables of its own: a small app of this suite uses it",
    ),
    App(
        "django-auditlog",
        ("auditlog",),
        middleware=("auditlog.middleware.AuditlogMiddleware",),
    ),
    App("django-celery-beat", ("django_celery_beat",)),
    App("django-celery-results", ("django_celery_results",)),
    App("django-oauth-toolkit", ("oauth2_provider",)),
    App("django-waffle", ("waffle",), middleware=("waffle.middleware.WaffleMiddleware",)),
    App(
        "django-polymorphic",
        ("polymorphic", "third_party.small.polymorphs"),
        remark="has no tables of its own: a small app of this suite uses it",
    ),
    App("djangorestframework", ("rest_framework", "rest_framework.authtoken")),
    App(
        "django-two-factor-auth",
        (
            "django_otp",
            "django_otp.plugins.otp_static",
            "django_otp.plugins.otp_totp",
            "django_otp.plugins.otp_email",
            "django_otp.plugins.otp_hotp",
            "two_factor",
            "two_factor.plugins.phonenumber",
            "two_factor.plugins.email",
            "two_factor.plugins.webauthn",
        ),
        middleware=("django_otp.middleware.OTPMiddleware",),
        settings={"TWO_FACTOR_WEBAUTHN_RP_NAME": "Suite"},
    ),
    App(
        "wagtail",
        _WAGTAIL,
        middleware=("wagtail.contrib.redirects.middleware.RedirectMiddleware",),
        settings={
            "WAGTAIL_SITE_NAME": "Suite",
            "WAGTAILADMIN_BASE_URL": "http://localhost",
            "WAGTAILDOCS_EXTENSIONS": ["pdf"],
        },
    ),
    App("django-axes", ("axes",), middleware=("axes.middleware.AxesMiddleware",)),
    App(
        "django-constance",
        ("constance",),
        settings={
            "CONSTANCE_BACKEND": "constance.backends.database.DatabaseBackend",
            "CONSTANCE_CONFIG": {"ANSWER": (42, "of everything")},
        },
    ),
    App("django-silk", ("silk",), middleware=("silk.middleware.SilkyMiddleware",)),
    App("django-q2", ("django_q",), settings={"Q_CLUSTER": {"name": "suite", "orm": "default"}}),
    App("django-push-notifications", ("push_notifications",)),
    App("django-invitations", ("django.contrib.sites", "invitations")),
    App("django-post-office", ("post_office",)),
    App("django-rest-knox", ("rest_framework", "knox")),
    App(
        "djangorestframework-simplejwt",
        ("rest_framework", "rest_framework_simplejwt.token_blacklist"),
    ),
    App("social-auth-app-django", ("social_django",)),
    App("django-activity-stream", ("actstream",)),
    App("django-simple-captcha", ("captcha",)),
    App("djangorestframework-api-key", ("rest_framework", "rest_framework_api_key")),
    App("django-admin-interface", ("admin_interface", "colorfield")),
    App("django-sql-explorer", ("explorer",)),
    App(
        "django-easy-audit",
        ("easyaudit",),
        middleware=("easyaudit.middleware.easyaudit.EasyAuditMiddleware",),
    ),
    App("django-contrib-comments", ("django.contrib.sites", "django_comments")),
    App(
        "django-parler",
        ("parler", "third_party.small.translated"),
        settings={"PARLER_LANGUAGES": {None: ({"code": "en"}, {"code": "de"})}},
        remark="has no tables of its own: a small app of this suite uses it",
    ),
    App("django-organizations", ("organizations",)),
    App("django-mailer", ("mailer",)),
    App(
        "wiki",
        (
            "django.contrib.sites",
            "django.contrib.humanize",
            "django_nyt.apps.DjangoNytConfig",
            "mptt",
            "sekizai",
            "sorl.thumbnail",
            "wiki.apps.WikiConfig",
            "wiki.plugins.attachments.apps.AttachmentsConfig",
            "wiki.plugins.notifications.apps.NotificationsConfig",
            "wiki.plugins.images.apps.ImagesConfig",
        ),
        context_processors=("sekizai.context_processors.sekizai",),
        group="two",
    ),
    App(
        "django-machina",
        (
            "mptt",
            "haystack",
            "widget_tweaks",
            "machina",
            *(
                f"machina.apps.{name}"
                for name in (
                    "forum",
                    "forum_conversation",
                    "forum_conversation.forum_attachments",
                    "forum_conversation.forum_polls",
                    "forum_feeds",
                    "forum_moderation",
                    "forum_search",
                    "forum_tracking",
                    "forum_member",
                    "forum_permission",
                )
            ),
        ),
        settings={
            "HAYSTACK_CONNECTIONS": {
                "default": {"ENGINE": "haystack.backends.simple_backend.SimpleEngine"}
            },
            "CACHES": {
                "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
                "machina_attachments": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"},
            },
        },
        group="two",
    ),
    App("django-sitetree", ("sitetree",), group="two"),
    App("django-robots", ("django.contrib.sites", "robots"), group="two"),
    App("django-user-sessions", ("user_sessions",), group="two"),
    App("django-defender", ("defender",), group="two"),
    App("django-cookie-consent", ("cookie_consent",), group="two"),
    App(
        "django-dynamic-preferences",
        ("dynamic_preferences", "dynamic_preferences.users.apps.UserPreferencesConfig"),
        group="two",
    ),
    App("django-summernote", ("django_summernote",), group="two"),
    App("django-webpush", ("webpush",), group="two"),
    App("django-fsm-log", ("django_fsm", "django_fsm_log"), group="two"),
    App("django-apscheduler", ("django_apscheduler",), group="two"),
    App("django-photologue", ("django.contrib.sites", "sortedm2m", "photologue"), group="two"),
    App("django-newsletter", ("django.contrib.sites", "sorl.thumbnail", "newsletter"), group="two"),
    App("django-avatar", ("avatar",), group="two"),
    App(
        "django-helpdesk",
        ("django.contrib.sites", "django.contrib.humanize", "rest_framework", "helpdesk"),
        settings={"HELPDESK_TEAMS_MODE_ENABLED": False},
        group="two",
    ),
)


def named(name: str) -> App:
    """The app with this key.

    Raises:
        KeyError: there is none.
    """
    return {app.key: app for app in APPS}[name]

"""Who is no installer: mirrors, robots, browsers, and those that cannot be told."""

import pytest

from wheelyard.downloads.user_agent import read_user_agent
from wheelyard.model.download import Client, ClientClass


@pytest.mark.parametrize(
    "user_agent",
    [
        "bandersnatch/6.3.0 (cpython 3.11.2-final0, Linux 6.1.0 x86_64) (aiohttp 3.8.4)",
        "bandersnatch/1.8 (CPython 2.7.10-final0, Linux 3.10 x86_64)",
        "devpi-server/6.9.0 (py3.11.2; linux)",
        "Artifactory/7.55.10 75510900",
        "Artifactory/6.23.13",
        "Nexus/3.50.0-01 (PRO; Linux; 5.4.0; amd64; 1.8.0_362)",
        "Nexus/2.14.5-02 (OSS; Linux; 3.10.0; amd64; 1.8.0_161) apacheHttpClient4x/2.14.5-02",
        "pulpcore/3.22.0 (cpython 3.9.13-final0, Linux x86_64) (aiohttp 3.8.3)",
        "z3c.pypimirror/1.0.16",
        "pep381client/1.5",
        "pep381client-proxy/1.5",
        "proxpi/1.1.0",
        "wheelyard/0.1",
        "Mozilla/5.0 (compatible) Artifactory/7.1",
        'devpi-server/6.9.0 {"cpu":"armv7l","installer":{"name":"pip","version":"23.0.1"}}',
    ],
)
def test_mirrors_are_known_and_nothing_more_is_kept_of_them(user_agent: str) -> None:
    assert read_user_agent(user_agent) == Client(client_class=ClientClass.MIRROR)


@pytest.mark.parametrize(
    "user_agent",
    [
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        (
            "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; bingbot/2.0; "
            "+http://www.bing.com/bingbot.htm) Chrome/116.0.1938.76 Safari/537.36"
        ),
        "Mozilla/5.0 (compatible; YandexBot/3.0; +http://yandex.com/bots)",
        "Mozilla/5.0 (compatible; Baiduspider/2.0; +http://www.baidu.com/search/spider.html)",
        "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)",
        "Mozilla/5.0 (compatible; SemrushBot/7~bl; +http://www.semrush.com/bot.html)",
        "Mozilla/5.0 (compatible; MJ12bot/v1.4.8; http://mj12bot.com/)",
        "DuckDuckBot/1.1; (+http://duckduckgo.com/duckduckbot.html)",
        "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
        "Twitterbot/1.0",
        "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
        "Mozilla/5.0 (compatible; archive.org_bot; Wayback Machine Live Record)",
        "ia_archiver (+http://www.alexa.com/site/help/webmasters)",
        "CCBot/2.0 (https://commoncrawl.org/faq/)",
        "Applebot/0.1",
        "Sogou web spider/4.0(+http://www.sogou.com/docs/help/webmasters.htm#07)",
        "Mozilla/5.0 zgrab/0.x",
        "masscan/1.3 (https://github.com/robertdavidgraham/masscan)",
        "Mozilla/5.0 (compatible; CensysInspect/1.1; +https://about.censys.io/)",
        "Mozilla/5.00 (Nikto/2.1.5) (Evasions:None) (Test:Port Check)",
        "Mozilla/5.0 (compatible; Nmap Scripting Engine; https://nmap.org/book/nse.html)",
        "Pingdom.com_bot_version_1.4_(http://www.pingdom.com/)",
        "check_http/v2.3.3 (monitoring-plugins 2.3.3)",
        "Mozilla/5.0 (X11; Linux x86_64) HeadlessChrome/120.0.0.0 Safari/537.36",
        "Scrapy/2.11 (+https://scrapy.org)",
        "Mozilla/5.0 (compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)",
        "dependabot-core/0.2 excon/0.99 ruby/3.1",
        "RenovateBot/37.0",
        "Feedly/1.0 (+http://www.feedly.com/fetcher.html)",
        "Mozilla/5.0 (compatible; YandexImages/3.0; +http://yandex.com/bots)",
        "meta-externalagent/1.1 (+https://developers.facebook.com/docs/sharing/webmasters)",
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GoogleOther) Chrome/119.0",
        "Mozilla/5.0 (compatible; Google-InspectionTool/1.0;)",
        "Mediapartners-Google",
    ],
)
def test_robots_are_known(user_agent: str) -> None:
    assert read_user_agent(user_agent) == Client(client_class=ClientClass.ROBOT)


@pytest.mark.parametrize(
    "user_agent",
    [
        "Mozilla/5.0 (X11; Linux armv7l; rv:109.0) Gecko/20100101 Firefox/115.0",
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
            "Chrome/119.0.0.0 Safari/537.36 Edg/119.0.0.0"
        ),
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/17.1 Safari",
        "Mozilla/5.0 (Linux; Android 10; CUBOT X30) AppleWebKit/537.36 Chrome/100.0 Mobile Safari",
        "Opera/9.80 (X11; Linux armv7l) Presto/2.12.407 Version/12.51",
        "Lynx/2.9.0dev.12 libwww-FM/2.14",
        "w3m/0.5.3+git20230121",
        "Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.1)",
        "Mozilla/5.0 (compatible; Konqueror/4.14; Linux) KHTML/4.14.2 (like Gecko)",
    ],
)
def test_browsers_are_known(user_agent: str) -> None:
    assert read_user_agent(user_agent) == Client(client_class=ClientClass.BROWSER)


@pytest.mark.parametrize(
    "user_agent",
    [
        "",
        "-",
        " ",
        "curl/7.88.1",
        "Wget/1.21.3",
        "Wget/1.21.3 (linux-gnueabihf)",
        "python-requests/2.31.0",
        "python-httpx/0.25.0",
        "Python/3.11 aiohttp/3.9.1",
        "Go-http-client/2.0",
        "okhttp/4.9.0",
        "Java/17.0.1",
        "Apache-HttpClient/4.5.14 (Java/11.0.1)",
        "aria2/1.36.0",
        "fetch libfetch/2.0",
        "Homebrew/4.1.0 (Macintosh; arm64 Mac OS X 14.0) curl/8.1.2",
        "twine/4.0.2 CPython/3.11.2",
        "maturin/1.4.0",
        "curl/8.0 pip/23.0",
        "pip",
        "pipette/1.0",
        "not pip/23.0",
        '{"installer":{"name":"pip"}}',
        "Python-urllib/3.11 something/1.0",
        "'; DROP TABLE downloads; --",
        "\x00\x1b[31m",
    ],
)
def test_all_else_is_of_a_kind_that_cannot_be_told(user_agent: str) -> None:
    assert read_user_agent(user_agent) == Client()

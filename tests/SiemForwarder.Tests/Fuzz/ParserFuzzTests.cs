using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using SiemForwarder.Connections;
using SiemForwarder.Connections.Tls;
using SiemForwarder.Events;
using SiemForwarder.Events.Formats;
using SiemForwarder.Events.Lint;
using SiemForwarder.Events.Privacy;
using SiemForwarder.Service.Inbox;
using SiemForwarder.Service.Keycloak.Client;
using SiemForwarder.Service.Location;
using SiemForwarder.Simulator.Receivers;
using SiemForwarder.Tests.Events.Formats;
using SiemForwarder.Tests.Service.Inbox;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.Fuzz;

/// <summary>Everything that reads what strangers write, fed with broken input: a value or a foreseen error, in bounded time and memory.</summary>
public sealed class ParserFuzzTests
{
    private const long ReceivedMs = 1_789_041_600_000;
    private static readonly InboxOptions Limits = new();

    private static readonly PrivacyPolicy Policy = new(
        [new PrivacyRule(PrivacyFields.EveryDetail, PrivacyAction.Mask), new PrivacyRule(PrivacyFields.Subject, PrivacyAction.Hash)], new PrivacyKey("k1", "a key of sixteen or more"));

    private static readonly (string Name, IEventFormatter Formatter)[] Formats = [.. FormatSettings.Names.Select(name =>
        (name, EventFormatCatalog.Create(FormatSettings.For(name, 65_536) with { IncludeRepresentation = true }, "1.0.0")))];

    private static readonly byte[][] Pushed = Bytes(
        """{"event_id":"4711","event_type":"account.provisioned","timestamp":"2026-01-31T10:15:30Z","subject":"alice","requestor":"hr","context":{"phone":"+49 1","list":[1,{"a":null}]}}""",
        """[{"event_type":"a.b","timestamp":1789041600000,"ip_address":"192.0.2.1","email":"a@b.example","representation":"{\"password\":\"x\"}"},{"event_type":"c"}]""",
        """{"type":"access.LOGIN","time":1789041600000,"realmId":"r","details":{"username":"bob","redirect_uri":"https://x.example/?code=1"},"uid":"u","authDetails":{"userId":"1"}}""");

    private static readonly byte[][] Pages = Bytes(
        """[{"id":"6a1b2c3d-0001-4000-8000-00000000a11c","time":1789041600000,"type":"LOGIN","realmId":"r","clientId":"app","userId":"u","ipAddress":"192.0.2.1","details":{"username":"alice"}}]""",
        """[{"id":"6a1b2c3d-0001-4000-8000-00000000a11d","time":1789041600001,"operationType":"CREATE","resourceType":"USER","resourcePath":"users/1","authDetails":{"userId":"1","ipAddress":"::1"},"representation":"{\"username\":\"bob\",\"credentials\":[{\"value\":\"x\"}]}"}]""");

    [Fact]
    public void WhatIsPushed() => Fuzzer.Run(300, Pushed, input =>
    {
        foreach (var isLines in new[] { false, true })
        {
            var (batch, refusal) = PushedBatch.Read(input, isLines, SomeInbox.With(InboxAuthentication.Key, "a-key-of-16-and-more"), Limits, ReceivedMs);
            Assert.True(batch is null != refusal is null);
            foreach (var rejected in batch?.Rejected ?? [])
            {
                Fuzzer.AssertOneLine(rejected.Reason);
            }

            foreach (var one in batch?.Events.Take(3) ?? [])
            {
                AssertSound(EventStream.Pushed, one.Body.ToArray());
            }
        }
    });

    [Fact]
    public async Task PagesOfEvents() => await Fuzzer.RunAsync(300, Pages, async (input, _) =>
    {
        var body = new KeycloakBody();
        Assert.True(await body.TryFillAsync(new MemoryStream(input), null, 1 << 20, TestContext.Current.CancellationToken));
        using var page = EventPage.Find(body);
        foreach (var one in page?.Events.Take(2) ?? [])
        {
            var json = page!.Json(one).ToArray();
            AssertSound(EventStream.User, json);
            AssertSound(EventStream.Admin, json);
        }
    });

    [Fact]
    public void AccessTokens() => Fuzzer.Run(300, Bytes("""{"iat":1789041600,"exp":1789041900,"jti":"x","resource_access":{"realm-management":{"roles":["view-events"]}},"azp":"c"}"""), input =>
    {
        var text = Convert.ToBase64String(input).TrimEnd('=').Replace('+', '-').Replace('/', '_');
        AccessTokenClaims.Find($"e30.{text}.x")?.MayReadEvents("master");
        AccessTokenClaims.Find(Encoding.Latin1.GetString(input))?.MayReadEvents("x");
    });

    [Fact]
    public void CertificatesAndKeys()
    {
        using var authority = new CertificateAuthority("Fuzzed", TimeProvider.System);
        using var client = authority.IssueClient("client");
        using var key = ECDsa.Create();
        var samples = Bytes(authority.Pem, client.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem(), CertificatePins.Of(authority.Certificate));
        Fuzzer.Run(300, samples, input =>
        {
            var text = Encoding.UTF8.GetString(input);
            CertificatePins.Parse(text);
            if (TlsClient.Create(SomeConnection(text)).TryGet(out var tls, out var fault))
            {
                tls.Dispose();
            }
            else
            {
                Fuzzer.AssertOneLine($"{fault.What} {fault.Advice}");
            }
        });
    }

    [Fact]
    public void LocationFiles()
    {
        var samples = new[] { "MaxMind-DB-test-decoder.mmdb", "MaxMind-DB-test-mixed-32.mmdb", "GeoLite2-City-Test.mmdb" }
            .Select(name => RepositoryFiles.Shared("conformance", "mmdb", name)).Select(File.ReadAllBytes).ToArray();
        var path = Path.Combine(Directory.CreateTempSubdirectory("fuzz-").FullName, "fuzzed.mmdb");
        Fuzzer.Run(150, samples, input =>
        {
            File.WriteAllBytes(path, input);
            try
            {
                using var database = MmdbDatabase.Open(path);
                foreach (var address in new[] { "1.1.1.1", "2001:218::1", "::", "255.255.255.255", "81.2.69.142" })
                {
                    database.Find(IPAddress.Parse(address));
                }
            }
            catch (MmdbException exception)
            {
                Assert.NotEmpty(exception.Message);
            }
        });
        Directory.Delete(Path.GetDirectoryName(path)!, recursive: true);
    }

    [Fact]
    public void MessagesThatAreReadBack() => Fuzzer.Run(
        300,
        Bytes(
            "CEF:0|SiemForwarder|SiemForwarder|1.0.0|LOGIN|User logged in|3|rt=1789041600000 suser=alice msg=a\\=b", "<86>1 2026-01-31T10:15:30Z host app 1 LOGIN [a@1 b=\"c\"] CEF:0|x",
            "<86>Jan 31 10:15:30 host CEF: CEF:0|", "LEEF:2.0|a|b|c|d|^|usrName=alice^sev=3", """{"event_id":"1","event_type":"LOGIN","subject":"alice"}"""),
        input =>
        {
            foreach (var name in FormatSettings.Names)
            {
                Assert.NotNull(MessageReader.Read(input, FormatSettings.For(name)));
            }

            Assert.NotNull(FrameReader.Read(input, out _));
        });

    /// <summary>What is taken can be told in every format, as one message that its receiver reads.</summary>
    private static void AssertSound(EventStream stream, byte[] json)
    {
        var one = Some.Normalized(stream, json);
        foreach (var shown in new[] { one, Policy.Apply(one) })
        {
            foreach (var (name, formatter) in Formats)
            {
                var text = FormatSettings.Text(FormatSettings.Write(formatter, shown));
                if (FormatSettings.For(name) is { OutputType: OutputType.Json, Syslog: null })
                {
                    JsonDocument.Parse(text).Dispose();
                }

                Assert.DoesNotContain(text, sign => sign is '\r' or '\n' or '\u001b' or '\0');
            }
        }
    }

    private static ConnectionSettings SomeConnection(string text) => new(new Endpoint("127.0.0.1", 9))
    {
        Tls = new TlsSettings { CaCertificate = text, ClientCertificate = text, ClientKey = new Secret(text), Fingerprint = text },
    };

    private static byte[][] Bytes(params string[] texts) => [.. texts.Select(Encoding.UTF8.GetBytes)];
}

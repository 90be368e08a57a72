using System.Security.Cryptography;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using SiemForwarder.Events;
using SiemForwarder.Events.Formats;
using SiemForwarder.Events.Privacy;
using SiemForwarder.Tests.Events.Formats;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.Events.Privacy;

/// <summary>What a rule hides comes out of no field and no format.</summary>
public sealed class PrivacyPolicyTests
{
    private static readonly PrivacyKey Key = new("k1", "a key of sixteen or more");

    private static readonly string[] Fields =
    [
        .. PrivacyFields.All.Except([PrivacyFields.Location, PrivacyFields.Representation, PrivacyFields.IpAddress]), "context.note", PrivacyFields.EveryDetail,
    ];

    [Fact]
    public void AHiddenValueStandsInNoFormatWhereverTheEventHoldsIt() => Prop.ForAll(
        Value(), Gen.Elements(Fields).ToArbitrary(), Gen.Elements(PrivacyAction.Drop, PrivacyAction.Mask, PrivacyAction.Hash).ToArbitrary(), (value, field, action) =>
        {
            var hidden = new PrivacyPolicy([new PrivacyRule(field, action)], Key).Apply(FullOf(field, value));
            foreach (var format in FormatSettings.Names)
            {
                AssertAbsent(value, format, hidden);
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(Thoroughness.Runs(300)));

    [Theory]
    [InlineData("203.0.113.77", "203.0.113.0")]
    [InlineData("2001:db8:12:3456:789a::1", "2001:db8:12::")]
    [InlineData("::ffff:203.0.113.77", "203.0.113.0")]
    [InlineData("no address", "***")]
    public void AnAddressIsShortenedToItsNetworkEverywhere(string address, string network)
    {
        var hidden = new PrivacyPolicy([new PrivacyRule(PrivacyFields.IpAddress, PrivacyAction.TruncateIp)], null).Apply(
            Some.LoginEvent(ip: address) with { Details = [new("forwarded", $"for={address}, by=198.51.100.1"), new("copy", address)] });

        Assert.Equal(network, hidden.IpAddress);
        Assert.Equal([$"for={network}, by=198.51.100.1", network], hidden.Details.Select(detail => detail.Value));
        Assert.All(FormatSettings.Names, format => AssertAbsent(address, format, hidden));
    }

    [Fact]
    public void AHashIsTheHmacOfTheValueWithTheIdOfItsKeyAndTheSameInEveryCase()
    {
        var expected = "hmac:k1:" + Convert.ToHexStringLower(HMACSHA256.HashData("a key of sixteen or more"u8, "alice"u8));
        var hidden = new PrivacyPolicy([new PrivacyRule(PrivacyFields.Subject, PrivacyAction.Hash)], Key).Apply(
            Some.LoginEvent() with { Details = [new("username", "Alice"), new("redirect_uri", "https://app/users/alice/home")] });

        Assert.Equal(expected, hidden.Subject!.Name);
        Assert.Equal(expected, hidden.Actor!.Name);
        Assert.Equal([expected, $"https://app/users/{expected}/home"], hidden.Details.Select(detail => detail.Value));
    }

    [Fact]
    public void WhatIsDroppedLeavesNoEmptyPlaceBehindAndTheRestStays()
    {
        var hidden = new PrivacyPolicy([new PrivacyRule(PrivacyFields.Subject, PrivacyAction.Drop), new PrivacyRule("context.auth_method", PrivacyAction.Drop)], null)
            .Apply(Some.LoginEvent());

        Assert.Null(hidden.Subject!.Name);
        Assert.Equal(["redirect_uri"], hidden.Details.Select(detail => detail.Key));
        Assert.Equal(("LOGIN_ERROR", "invalid_user_credentials", "192.0.2.10", "web-app"), (hidden.Type, hidden.Reason, hidden.IpAddress, hidden.ClientId));
    }

    [Theory]
    [InlineData("192.0.2.10")]
    [InlineData("invalid_user_credentials")]
    [InlineData("LOGIN_ERROR")]
    [InlineData("user")]
    public void WhoeverTypesAWordOfTheEventIntoALoginFormHidesNeitherAddressNorReasonNorType(string typed)
    {
        var hidden = new PrivacyPolicy([new PrivacyRule(PrivacyFields.Subject, PrivacyAction.Drop)], null).Apply(Some.LoginEvent(userName: typed));

        Assert.Equal(("LOGIN_ERROR", "invalid_user_credentials", "192.0.2.10"), (hidden.Type, hidden.Reason, hidden.IpAddress));
    }

    [Fact]
    public void AShortNameIsHiddenWhereItStandsAloneAndTakesNoLettersOutOfOtherWords()
    {
        var hidden = new PrivacyPolicy([new PrivacyRule(PrivacyFields.Subject, PrivacyAction.Mask)], null).Apply(
            Some.LoginEvent(userName: "jo") with { Details = [new("note", "jo enjoys jo@example.com"), new("jo", "1")] });

        Assert.Equal("***", hidden.Subject!.Name);
        Assert.Equal([new("note", "*** enjoys ***@example.com"), new("***", "1")], hidden.Details);
    }

    [Fact]
    public void ADetailIsHiddenByNameEvenWhereItsValueSaysNothing()
    {
        var one = Some.LoginEvent() with { Details = [new("remember_me", "true"), new("other", "true")] };

        Assert.Equal([new("other", "true")], new PrivacyPolicy([new PrivacyRule("context.remember_me", PrivacyAction.Drop)], null).Apply(one).Details);
    }

    [Fact]
    public void TheRepresentationAndThePlaceAreDroppedAsAWhole()
    {
        var one = FullOf(PrivacyFields.Subject, "alice.liddell") with { Location = EventLocation.Nowhere with { City = "Oxford" } };
        var hidden = new PrivacyPolicy([new PrivacyRule(PrivacyFields.Representation, PrivacyAction.Drop), new PrivacyRule(PrivacyFields.Location, PrivacyAction.Drop)], null).Apply(one);

        Assert.Null(hidden.Admin!.Representation);
        Assert.Null(hidden.Location);
        Assert.All(FormatSettings.Names, format => AssertAbsent("Oxford", format, hidden));
    }

    [Fact]
    public void RecordedEventsShowNeitherNamesNorAddressesNorIdsOfPeople()
    {
        string[] fields = [PrivacyFields.Subject, PrivacyFields.SubjectId, PrivacyFields.Requestor, PrivacyFields.RequestorId, PrivacyFields.Email, PrivacyFields.IpAddress];
        var policy = new PrivacyPolicy([.. fields.Select(field => new PrivacyRule(field, PrivacyAction.Hash))], Key);
        foreach (var one in Thoroughness.Of(RecordedEvents.Names.SelectMany(RecordedEvents.Normalized)))
        {
            var hidden = policy.Apply(one);
            string?[] values = [one.Subject?.Name, one.Subject?.Id, one.Subject?.Email, one.Actor?.Name, one.Actor?.Id, one.IpAddress];
            foreach (var value in values.OfType<string>().Where(value => value.Length > 4 && !one.Type.Contains(value, StringComparison.OrdinalIgnoreCase)))
            {
                foreach (var format in FormatSettings.Names)
                {
                    AssertAbsent(value, format, hidden);
                }
            }
        }
    }

    /// <summary>An event of an administrator whose field holds the value, and every other place a copy of it.</summary>
    private static SecurityEvent FullOf(string field, string value)
    {
        var json = System.Text.Json.JsonSerializer.Serialize(value);
        var one = Some.LoginEvent() with
        {
            Kind = EventKind.Application,
            Reason = $"because of {value}",
            Actor = new EventParty("a-1", "root " + value, value + "@example.com", "acme", "c-1"),
            Subject = new EventParty("s-1", "somebody", value + "@example.com", "acme", null),
            SessionId = "session of " + value,
            TransactionId = value + "-1",
            Raw = Encoding.UTF8.GetBytes($"{{\"id\":\"x\",\"userId\":{json}}}"),
            Details = [new("username", value), new("note", value), new("redirect_uri", $"https://app/?user={Uri.EscapeDataString(value)}"), new("json", $"{{\"u\":{json}}}")],
            Admin = new AdminAction("UPDATE", "USER", $"users/{Uri.EscapeDataString(value)}/groups", value, $"{{\"username\":{json},\"attributes\":{{\"{value.Length}\":[{json},\"x {value.ToUpperInvariant().Replace("\\", "", StringComparison.Ordinal).Replace("\"", "", StringComparison.Ordinal)}\"]}}}}")
            {
                ResourceName = "the user " + value,
            },
        };
        return field switch
        {
            PrivacyFields.Subject => one with { Subject = one.Subject! with { Name = value } },
            PrivacyFields.SubjectId => one with { Subject = one.Subject! with { Id = value } },
            PrivacyFields.Requestor => one with { Actor = one.Actor! with { Name = value } },
            PrivacyFields.RequestorId => one with { Actor = one.Actor! with { Id = value } },
            PrivacyFields.RequestorClientId => one with { Actor = one.Actor! with { ClientId = value } },
            PrivacyFields.Email => one with { Subject = one.Subject! with { Email = value } },
            PrivacyFields.SessionId => one with { SessionId = value },
            PrivacyFields.ClientId => one with { ClientId = value },
            PrivacyFields.TransactionId => one with { TransactionId = value },
            PrivacyFields.Reason => one with { Reason = value },
            PrivacyFields.ResourcePath => one with { Admin = one.Admin! with { ResourcePath = value } },
            PrivacyFields.ResourceId => one with { Admin = one.Admin! with { ResourceId = value } },
            PrivacyFields.ResourceName => one with { Admin = one.Admin! with { ResourceName = value } },
            _ => one,
        };
    }

    private static void AssertAbsent(string value, string format, SecurityEvent hidden)
    {
        var settings = FormatSettings.For(format, 65536) with { IncludeRepresentation = true };
        var message = FormatSettings.Text(FormatSettings.Write(EventFormatCatalog.Create(settings, "1.0.0"), hidden));
        foreach (var form in new[] { value, Uri.EscapeDataString(value), System.Text.Json.JsonEncodedText.Encode(value).ToString() })
        {
            Assert.False(message.Contains(form, StringComparison.OrdinalIgnoreCase), $"{format} shows {form}: {message}");
        }
    }

    // Long enough to stand in a message only where it was put, with what formats, paths and JSON escape.
    private static Arbitrary<string> Value()
    {
        var piece = Gen.Elements("Zoë", "o'hara", "Xq", "7", "99", "@", ".", " ", "\"", "\\", "|", "=", "]", "/", "%", "+", "李", "ß", "É", "z");
        return (from pieces in piece.ListOf(6) from tail in Gen.Choose(100000, 999999) select $"q{string.Concat(pieces)}x{tail}v").ToArbitrary();
    }
}

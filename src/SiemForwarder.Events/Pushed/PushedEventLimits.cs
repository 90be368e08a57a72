using System.Buffers;
using SiemForwarder.Events.Keycloak;

namespace SiemForwarder.Events.Pushed;

/// <summary>What a pushed event may be, so that nobody who pushes can choose what SIEMs have to bear.</summary>
public static class PushedEventLimits
{
    /// <summary>Deepest nesting of objects and arrays.</summary>
    public const int MaxDepth = 64;

    /// <summary>Longest name of an event type in characters.</summary>
    public const int MaxTypeLength = 128;

    /// <summary>Longest event id in characters.</summary>
    public const int MaxIdLength = 255;

    /// <summary>Most members: those of the event itself, of its <c>context</c> and of its <c>details</c> together.</summary>
    public const int MaxMembers = 512;

    private static readonly SearchValues<char> TypeCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-:/");

    /// <summary>What is wrong with an event, in a sentence; null where nothing is.</summary>
    public static string? FindFault(in PushedOutline outline)
    {
        if (outline.Type is not { } type)
        {
            return "event_type is missing (or type, in the payload of a Keycloak webhook).";
        }

        if (type.Length > MaxTypeLength || !char.IsAsciiLetterOrDigit(type[0]) || type.AsSpan().ContainsAnyExcept(TypeCharacters))
        {
            return $"The event type must be 1 to {MaxTypeLength} letters, digits and . _ - : / and begin with a letter or digit.";
        }

        if (outline.IdLength > MaxIdLength)
        {
            return $"The event id must have at most {MaxIdLength} characters.";
        }

        if (outline.Members > MaxMembers)
        {
            return $"An event may have at most {MaxMembers} members, those in context or details included; this one has {outline.Members}.";
        }

        return outline.HasTime && (outline.TimeMs is not { } time || !EventOrigin.IsInstant(time))
            ? "The time of the event is no instant: write RFC 3339 such as 2026-01-31T10:15:30.123Z, or epoch milliseconds."
            : null;
    }
}

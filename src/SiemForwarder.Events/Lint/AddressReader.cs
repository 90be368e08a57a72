using System.Net;
using System.Net.Sockets;

namespace SiemForwarder.Events.Lint;

/// <summary>Parses an address like the typed fields of receivers: only the address, without leading zeros, zone or port.</summary>
internal static class AddressReader
{
    /// <summary>The address, or null if a strict receiver would not accept it as one.</summary>
    public static IPAddress? Find(string value) =>
        !value.AsSpan().ContainsAny("%[]") && IPAddress.TryParse(value, out var address)
        && (address.AddressFamily == AddressFamily.InterNetworkV6 || address.ToString() == value) ? address : null;
}

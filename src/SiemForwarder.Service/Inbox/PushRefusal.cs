namespace SiemForwarder.Service.Inbox;

/// <summary>Why a request was not taken: nothing of it was stored.</summary>
/// <param name="Status">HTTP status of the answer.</param>
/// <param name="Title">What is wrong in two or three words.</param>
/// <param name="Detail">What happened and what to do.</param>
/// <param name="RetryAfterSeconds">When to try again; null where it would not help.</param>
internal sealed record PushRefusal(int Status, string Title, string Detail, int? RetryAfterSeconds = null)
{
    public static readonly PushRefusal Full = new(
        StatusCodes.Status503ServiceUnavailable, "Inbox full", "More events wait than there is room for. Nothing of this request was stored; send it again.",
        1);

    /// <summary>The source is not there, or not any more.</summary>
    public static PushRefusal Absent(int sourceId) => new(StatusCodes.Status404NotFound, "Not found", $"There is no source with the id {sourceId}.");

    public static PushRefusal Slow(string detail) => new(StatusCodes.Status408RequestTimeout, "Request too slow", detail);

    public static PushRefusal TooLarge(string detail) => new(StatusCodes.Status413PayloadTooLarge, "Request too large", detail);

    public static PushRefusal Malformed(string detail) => new(StatusCodes.Status400BadRequest, "Request not understood", detail);

    public static PushRefusal Unsupported(string detail) => new(StatusCodes.Status415UnsupportedMediaType, "Media type not supported", detail);

    public static PushRefusal Unauthorized(string detail) => new(StatusCodes.Status401Unauthorized, "Not authorized to push", detail);

    public static PushRefusal Unavailable(string reason) => new(
        StatusCodes.Status503ServiceUnavailable, "Events cannot be stored now",
        $"{reason} Send the request again: events that are stored already are recognized by their ids.", 5);
}

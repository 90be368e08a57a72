namespace SiemForwarder.Service.Inbox;

/// <summary>Why a request was rejected; nothing of it was stored.</summary>
/// <param name="Status">HTTP status of the response.</param>
/// <param name="Title">What is wrong in two or three words.</param>
/// <param name="Detail">What happened and what to do.</param>
/// <param name="RetryAfterSeconds">When to try again; null if that would not help.</param>
internal sealed record PushRefusal(int Status, string Title, string Detail, int? RetryAfterSeconds = null)
{
    public static readonly PushRefusal Full = new(
        StatusCodes.Status503ServiceUnavailable, "Inbox full", "Too many events are pending. Nothing of this request was stored; send it again.",
        1);

    /// <summary>The source does not or no longer exists.</summary>
    public static PushRefusal Absent(int sourceId) => new(StatusCodes.Status404NotFound, "Not found", $"There is no source with the id {sourceId}.");

    public static PushRefusal Slow(string detail) => new(StatusCodes.Status408RequestTimeout, "Request too slow", detail);

    public static PushRefusal TooLarge(string detail) => new(StatusCodes.Status413PayloadTooLarge, "Request too large", detail);

    public static PushRefusal Malformed(string detail) => new(StatusCodes.Status400BadRequest, "Invalid request", detail);

    public static PushRefusal Unsupported(string detail) => new(StatusCodes.Status415UnsupportedMediaType, "Media type not supported", detail);

    public static PushRefusal Unauthorized(string detail) => new(StatusCodes.Status401Unauthorized, "Not authorized to push", detail);

    public static PushRefusal Unavailable(string reason) => new(
        StatusCodes.Status503ServiceUnavailable, "Events cannot be stored",
        $"{reason} Send the request again; events that are already stored are recognized by their ids.", 5);
}

// Services in Go, from the proto alone: a file through a gateway by Connect, and a chunk on a storage daemon by gRPC.
//
//	buf generate ../../../proto && go run . http://127.0.0.1:8080 http://127.0.0.1:50051 "$(cat data/cluster-token)"
package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"

	"connectrpc.com/connect"
	sixfold "sixfold.example/gen/sixfold/v1"
	"sixfold.example/gen/sixfold/v1/sixfoldv1connect"
)

func main() {
	ctx := context.Background()
	body := make([]byte, 3_000_000)
	rand.Read(body)
	if err := throughGateway(ctx, os.Args[1], body); err != nil {
		log.Fatal("gateway: ", err)
	}
	if err := onDaemon(ctx, os.Args[2], os.Args[3], body); err != nil {
		log.Fatal("daemon: ", err)
	}
}

func throughGateway(ctx context.Context, gateway string, body []byte) error {
	files := sixfoldv1connect.NewFileServiceClient(http.DefaultClient, gateway)
	up := files.Upload(ctx)
	header := &sixfold.UploadHeader{Bucket: "examples", Key: "go/film"}
	if err := up.Send(&sixfold.UploadRequest{Part: &sixfold.UploadRequest_Header{Header: header}}); err != nil {
		return err
	}
	for rest := body; len(rest) > 0; {
		piece := rest[:min(len(rest), 256*1024)]
		rest = rest[len(piece):]
		if err := up.Send(&sixfold.UploadRequest{Part: &sixfold.UploadRequest_Data{Data: piece}}); err != nil {
			return err
		}
	}
	stored, err := up.CloseAndReceive()
	if err != nil {
		return err
	}
	fmt.Println(stored.Msg.File.Key, stored.Msg.File.Size)

	down, err := files.Download(ctx, connect.NewRequest(&sixfold.DownloadRequest{Bucket: "examples", Key: "go/film"}))
	if err != nil {
		return err
	}
	var back bytes.Buffer
	for down.Receive() {
		back.Write(down.Msg().GetData())
	}
	fmt.Println("the same:", bytes.Equal(back.Bytes(), body), down.Err())

	_, err = files.GetFile(ctx, connect.NewRequest(&sixfold.GetFileRequest{Bucket: "examples", Key: "none"}))
	fmt.Println(connect.CodeOf(err))
	return nil
}

func onDaemon(ctx context.Context, daemon, token string, body []byte) error {
	// Plain text HTTP/2: daemons stand in a network of their own.
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	client := &http.Client{Transport: &http.Transport{Protocols: protocols}}
	storage := sixfoldv1connect.NewStorageServiceClient(client, daemon, connect.WithGRPC())
	bearer := "Bearer " + token

	id := make([]byte, 16)
	rand.Read(id)
	id[6], id[8] = 0x70|id[6]&0x0f, 0x80|id[8]&0x3f
	chunk := fmt.Sprintf("%x-%x-%x-%x-%x.0.0.0", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
	const block = 1 << 20

	put := storage.PutChunk(ctx)
	put.RequestHeader().Set("authorization", bearer)
	send := func(request *sixfold.PutChunkRequest) {
		// An error that ends the stream early is told by CloseAndReceive.
		if err := put.Send(request); err != nil && !errors.Is(err, io.EOF) {
			log.Print(err)
		}
	}
	send(&sixfold.PutChunkRequest{Part: &sixfold.PutChunkRequest_Header{Header: &sixfold.ChunkHeader{
		ChunkId: chunk, UploadId: id, DataChunks: 4, ParityChunks: 2, BlockSize: block,
	}}})
	for rest := body; len(rest) > 0; {
		piece := rest[:min(len(rest), block)]
		rest = rest[len(piece):]
		send(&sixfold.PutChunkRequest{Part: &sixfold.PutChunkRequest_Block{Block: &sixfold.Block{Data: piece}}})
	}
	send(&sixfold.PutChunkRequest{Part: &sixfold.PutChunkRequest_End{End: &sixfold.ChunkEnd{Length: uint64(len(body))}}})
	receipt, err := put.CloseAndReceive()
	if err != nil {
		return err
	}
	sum := sha256.Sum256(body)
	fmt.Println("durable:", receipt.Msg.Length, bytes.Equal(receipt.Msg.Sha256, sum[:]))

	get := connect.NewRequest(&sixfold.GetChunkRequest{ChunkId: chunk})
	get.Header().Set("authorization", bearer)
	blocks, err := storage.GetChunk(ctx, get)
	if err != nil {
		return err
	}
	var back bytes.Buffer
	for blocks.Receive() {
		back.Write(blocks.Msg().Data)
	}
	fmt.Println("the same:", bytes.Equal(back.Bytes(), body), blocks.Err())

	remove := connect.NewRequest(&sixfold.DeleteChunkRequest{ChunkId: chunk})
	remove.Header().Set("authorization", bearer)
	removed, err := storage.DeleteChunk(ctx, remove)
	if err != nil {
		return err
	}
	fmt.Println("removed:", removed.Msg.Existed)
	return nil
}
